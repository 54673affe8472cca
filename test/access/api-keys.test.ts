import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { OperationId } from '../../src/http/operations/index.ts';
import type { JoinResult, RoomList } from '../../src/wire/index.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { call, pointersOf, problemOf, type Place, type Sent } from '../support/http.ts';
import { LEAVING, Member, newRoom } from '../support/member.ts';
import { API_KEY } from './credentials.ts';

const OTHER_KEY = 'another-key-that-nobody-guesses';
const clock = new TestClock();

let service: Service;
let app: Express;
let roomId: string;
beforeAll(async () => {
  service = await createService({ apiKeys: [API_KEY, OTHER_KEY], rateLimit: 'off' }, { clock });
  app = service.app;
});
beforeEach(() => {
  roomId = newRoom();
});
afterAll(closeServices);

const byKey = (id: OperationId, place: Place = {}, sent: Sent = {}): Promise<Answer> =>
  call(app, id, { roomId, ...place }, { token: API_KEY, ...sent });

async function placed(body: object, headers: Record<string, string> = {}): Promise<Member> {
  const answer = await byKey('joinRoom', {}, { body, headers });
  expect(answer.status).toBe(201);
  return new Member(app, answer.body as JoinResult);
}

describe('an API key', () => {
  test('joins on behalf of anyone, and that token works like any other', async () => {
    const [alice, bob] = [await placed({ participantId: 'alice', displayName: 'Alice' }), await placed({})];
    expect(bob.id).toMatch(/^[\w-]{16,}$/);
    await alice.send({ to: bob.id, type: 'invite' });
    expect((await bob.poll()).messages).toMatchObject([{ from: 'alice', type: 'invite' }]);
  });

  test('takes over a present participant, with or without its mailbox', async () => {
    const alice = await placed({ participantId: 'alice' });
    const kept = await placed({ participantId: 'alice', resume: true });
    expect(kept.joined.resumed).toBe(true);
    await kept.poll();
    problemOf(await alice.call('receiveMessages'), 'unauthenticated');
    expect((await placed({ participantId: 'alice' })).joined.resumed).toBe(false);
  });

  test('reads the roster of any room, even one that does not exist', async () => {
    await placed({ participantId: 'alice' });
    expect((await byKey('listParticipants')).body).toMatchObject({ participants: [{ participantId: 'alice' }] });
    expect((await byKey('listParticipants', { roomId: 'nowhere' })).body).toEqual({ participants: [] });
  });

  test.each(LEAVING)(
    'removes a participant by %s, which others are informed of and which is not a ban',
    async (leaving) => {
      const [alice, bob] = [await placed({ participantId: 'alice' }), await placed({ participantId: 'bob' })];
      for (const time of ['first', 'again']) {
        expect({ time, status: (await byKey(leaving, { participantId: 'bob' })).status }).toEqual({
          time,
          status: 204,
        });
      }
      expect(problemOf(await bob.call('receiveMessages'), 'participant-gone').reason).toBe('removed');
      expect((await alice.poll()).messages.at(-1)).toMatchObject({
        type: 'participant-left',
        payload: { participantId: 'bob', reason: 'removed' },
      });
      await placed({ participantId: 'bob' });
    },
  );

  test('closes a room, even one that does not exist, also by POST', async () => {
    const members = [await placed({ participantId: 'alice' }), await placed({ participantId: 'bob' })];
    expect((await byKey('closeRoom')).status).toBe(204);
    expect((await byKey('closeRoom')).status).toBe(204);
    for (const member of members) {
      expect(problemOf(await member.call('receiveMessages'), 'participant-gone').reason).toBe('removed');
    }
    await placed({ participantId: 'alice' });
    const headers = { 'X-HTTP-Method-Override': 'DELETE' };
    expect((await call(app, 'closeRoom', { roomId }, { token: API_KEY, headers }, 'POST')).status).toBe(204);
    expect((await byKey('listParticipants')).body).toEqual({ participants: [] });
  });

  test('is accepted whichever of several it is', async () => {
    expect((await byKey('listRooms', {}, { token: OTHER_KEY })).status).toBe(200);
  });

  test('neither sends nor receives', async () => {
    const bodies = {
      sendMessage: { type: 'invite' },
      sendMessages: { messages: [{ type: 'invite' }] },
      acknowledgeMessages: { cursor: 'c' },
      pollMessages: {},
    } as const;
    for (const id of ['receiveMessages', 'getIceServers'] as const) problemOf(await byKey(id), 'forbidden');
    for (const [id, body] of Object.entries(bodies)) {
      problemOf(await byKey(id as keyof typeof bodies, {}, { body }), 'forbidden');
    }
  });

  test('is refused when only part of it matches', async () => {
    for (const token of [API_KEY.slice(0, -1), `${API_KEY}x`, API_KEY.toUpperCase(), `${API_KEY},${OTHER_KEY}`]) {
      problemOf(await byKey('listRooms', {}, { token }), 'unauthenticated');
    }
  });

  test('has its own scope of idempotency keys', async () => {
    const headers = { 'Idempotency-Key': 'k1' };
    const first = await placed({}, headers);
    const again = await byKey('joinRoom', {}, { body: {}, headers });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toMatchObject({ participantId: first.id });
    const other = await byKey('joinRoom', {}, { body: {}, headers, token: OTHER_KEY });
    expect(other.headers['idempotency-replayed']).toBeUndefined();
  });
});

describe('without an API key, where joining needs one', () => {
  test('a join is 401', async () => {
    const answers = [await byKey('joinRoom', {}, { token: 'wrong' }), await call(app, 'joinRoom', { roomId })];
    for (const answer of answers) expect(problemOf(answer, 'unauthenticated').detail).toContain('needs an API key');
    expect(answers.map(({ headers }) => headers['www-authenticate'])).toEqual([
      'Bearer realm="holdline", error="invalid_token"',
      'Bearer realm="holdline"',
    ]);
  });

  test('a participant joins again with its own token, and only as itself', async () => {
    const alice = await placed({ participantId: 'alice' });
    const again = await alice.rejoin({ resume: true });
    expect(again.joined.resumed).toBe(true);
    const detailOf = async (body: object): Promise<string> =>
      problemOf(await again.call('joinRoom', { body }), 'forbidden').detail;
    expect(await detailOf({ participantId: 'bob' })).toMatch(/another participant.* needs an API key/);
    expect(await detailOf({})).toMatch(/^This token lets only its own participant .* needs an API key/);
  });

  test('rooms are not listed or closed, and other participants are not removed', async () => {
    const [alice] = [await placed({ participantId: 'alice' }), await placed({ participantId: 'bob' })];
    problemOf(await call(app, 'listRooms', {}), 'unauthenticated');
    problemOf(await call(app, 'closeRoom', { roomId }), 'unauthenticated');
    problemOf(await alice.call('listRooms'), 'forbidden');
    problemOf(await alice.call('closeRoom'), 'forbidden');
    for (const id of LEAVING) {
      problemOf(await alice.call(id, {}, 'bob'), 'forbidden');
      problemOf(await alice.call(id, {}, 'nobody'), 'forbidden');
    }
    await alice.leave();
    problemOf(await alice.call('closeRoom'), 'unauthenticated');
    expect((await byKey('listParticipants')).body).toMatchObject({ participants: [{ participantId: 'bob' }] });
  });
});

describe('the list of rooms', () => {
  let own: Service;
  beforeAll(async () => {
    own = await createService({ apiKeys: [API_KEY], rateLimit: 'off' }, { clock });
    for (const room of ['c', 'a', 'b']) {
      for (const participantId of ['one', 'two'].slice(0, room === 'b' ? 2 : 1)) {
        await call(own.app, 'joinRoom', { roomId: room }, { token: API_KEY, body: { participantId } });
      }
      await clock.advance(1_000);
    }
  });

  const list = async (query: Record<string, string | number> = {}): Promise<Answer> =>
    call(own.app, 'listRooms', {}, { token: API_KEY, query });

  test('is sorted, with the number of participants and the time of creation', async () => {
    const { rooms, next } = (await list()).body as RoomList;
    expect(rooms.map(({ roomId: id, participants }) => [id, participants])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ]);
    expect(rooms.map(({ createdAt }) => createdAt).sort()).toEqual(
      [rooms[2], rooms[0], rooms[1]].map((room) => room?.createdAt),
    );
    expect(next).toBeUndefined();
  });

  test('is paged', async () => {
    const pages: RoomList[] = [];
    for (let next: string | undefined = ''; next !== undefined; next = pages.at(-1)?.next) {
      pages.push((await list({ limit: 1, ...(next !== '' && { after: next }) })).body as RoomList);
    }
    expect(pages.map(({ rooms, next }) => [rooms.map((room) => room.roomId).join(), next])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c', undefined],
    ]);
  });

  test('begins behind `after`, also where no such room is', async () => {
    expect((await list({ after: 'aa' })).body).toMatchObject({ rooms: [{ roomId: 'b' }, { roomId: 'c' }] });
    expect((await list({ after: 'zzz' })).body).toEqual({ rooms: [] });
  });

  test.each([
    ['limit', '0'],
    ['limit', '1001'],
    ['limit', '1e3'],
    ['after', 'no room'],
    ['after', ''],
    ['before', 'a'],
  ])('does not take %s=%s', async (name, value) => {
    expect(pointersOf(await list({ [name]: value }))).toEqual([`/query/${name}`]);
  });
});
