import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, LEAVING, Member, newRoom } from '../support/member.ts';
import type { JoinResult } from '../../src/wire/index.ts';

let clock: TestClock;
let service: Service;
beforeAll(async () => {
  clock = new TestClock();
  service = await createService({ rateLimit: 'off' }, { clock });
});
afterAll(closeServices);

let alice: Member;
let bob: Member;
beforeEach(async () => {
  const profile = { displayName: 'Alice', metadata: { v: 1 }, idleTimeoutSeconds: 90 };
  alice = await join(service.app, newRoom(), { participantId: 'alice', ...profile });
  bob = await join(service.app, alice.roomId, 'bob');
});

const joinWith = (body: object, token?: string): Promise<Answer> =>
  call(service.app, 'joinRoom', { roomId: alice.roomId }, { body, ...(token !== undefined && { token }) });

const memberOf = ({ status, body }: Answer): Member => {
  expect(status).toBe(201);
  return new Member(service.app, body as JoinResult);
};

const typesOf = async (member: Member): Promise<string[]> => (await member.poll()).messages.map(({ type }) => type);

describe('a join under the id of a present participant is refused', () => {
  test.each(['', 'garbage', 'xxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'])('with the token %j', async (token) => {
    for (const resume of [false, true]) {
      problemOf(await joinWith({ participantId: 'alice', resume }, token), 'participant-exists');
    }
    expect(await alice.roster()).toHaveLength(2);
  });

  test('with an expired token', async () => {
    await bob.leave();
    problemOf(await joinWith({ participantId: 'alice' }, bob.token), 'participant-exists');
  });

  test('with the live token of another participant, of this room or another', async () => {
    const stranger = await join(service.app, newRoom(), 'alice');
    for (const token of [bob.token, stranger.token]) {
      for (const body of [
        { participantId: 'alice' },
        { participantId: 'alice', resume: true },
        { participantId: 'new' },
      ]) {
        problemOf(await joinWith(body, token), 'forbidden');
      }
    }
  });
});

describe('a join with its own token and without resume restarts the participant', () => {
  test('the participant gets a new token and an empty mailbox', async () => {
    await bob.send({ type: 'invite' });
    const again = await alice.rejoin();
    expect(again.joined).toMatchObject({ participantId: 'alice', resumed: false, limits: { idleTimeoutSeconds: 60 } });
    expect(again.token).not.toBe(alice.token);
    expect(await again.roster()).toEqual([
      expect.objectContaining({ participantId: 'bob' }),
      { participantId: 'alice', joinedAt: expect.any(String), listening: false },
    ]);
    expect(await typesOf(again)).toEqual([]);
  });

  test('the others get a participant-left and a participant-joined', async () => {
    const { cursor } = await bob.poll();
    await alice.rejoin({ displayName: 'Alice 2' });
    expect((await bob.poll({ after: cursor })).messages).toMatchObject([
      { type: 'participant-left', payload: { participantId: 'alice', reason: 'replaced' } },
      { type: 'participant-joined', payload: { participant: { participantId: 'alice', displayName: 'Alice 2' } } },
    ]);
  });
});

describe('a join with resume keeps the mailbox', () => {
  test('unread messages, the time of joining and omitted fields are kept', async () => {
    await bob.send({ type: 'invite' });
    await clock.advance(1_000);
    const again = await alice.rejoin({ resume: true, displayName: 'Alice 2' });
    expect(again.joined).toMatchObject({
      resumed: true,
      cursor: alice.joined.cursor,
      limits: { idleTimeoutSeconds: 90 },
    });
    const [before] = alice.joined.participants;
    expect(again.joined.participants[0]).toEqual({ ...before, displayName: 'Alice 2' });
    expect(await typesOf(again)).toEqual(['participant-joined', 'invite']);
  });

  test('a resume announces nothing', async () => {
    await alice.rejoin({ resume: true });
    expect(await typesOf(bob)).toEqual([]);
  });

  test('a resumed mailbox continues from the acknowledged position', async () => {
    await bob.send({ type: 'invite' });
    const { cursor } = await alice.poll({ limit: 1 });
    await alice.poll({ after: cursor, limit: 1 });
    const again = await alice.rejoin({ resume: true });
    expect(again.joined.cursor).toBe(cursor);
    expect((await again.poll({ after: cursor })).messages).toMatchObject([{ type: 'invite' }]);
  });

  test('resume without an id means the participant of the token', async () => {
    const again = memberOf(await joinWith({ resume: true }, alice.token));
    expect(again.joined).toMatchObject({ participantId: 'alice', resumed: true });
  });

  test.each([
    ['no token', undefined],
    ['an unknown token', 'garbage'],
  ])('resume with %s is an ordinary join', async (_, token) => {
    const guest = memberOf(await joinWith({ resume: true }, token));
    expect(guest.joined.resumed).toBe(false);
    expect(guest.id).not.toBe('alice');
    expect(memberOf(await joinWith({ participantId: 'absent', resume: true }, token)).joined.resumed).toBe(false);
  });

  test('a join without resume and without an id adds a participant, whatever its token', async () => {
    const third = memberOf(await joinWith({}, alice.token));
    expect(third.joined.participants).toHaveLength(3);
    expect(await alice.roster()).toHaveLength(3);
  });
});

describe.each([{ resume: true }, { resume: false }])('a replaced token, with $resume', (how) => {
  test('is refused by every operation', async () => {
    const again = await alice.rejoin(how);
    const sent = { body: {} };
    for (const id of ['listParticipants', 'getIceServers', 'receiveMessages', ...LEAVING] as const) {
      problemOf(await alice.call(id), 'unauthenticated');
    }
    for (const id of ['sendMessage', 'sendMessages', 'pollMessages', 'acknowledgeMessages'] as const) {
      const answer = await alice.call(id, sent);
      problemOf(answer, 'unauthenticated');
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="holdline", error="invalid_token"');
    }
    expect(await again.roster()).toHaveLength(2);
  });

  test('still proves its participant on a join until the new token is first used, so a lost response locks nobody out', async () => {
    await alice.rejoin(how); // this reply and the next count as lost
    await alice.rejoin(how);
    const again = await alice.rejoin(how);
    expect(again.joined.resumed).toBe(how.resume);
    expect(await again.roster()).toHaveLength(2);
    problemOf(await joinWith({ participantId: 'alice', ...how }, alice.token), 'participant-exists');
  });

  test('each unused token in between proves its participant, too', async () => {
    const [second, third] = [await alice.rejoin(how), await alice.rejoin(how)];
    const fourth = await second.rejoin(how);
    problemOf(await third.call('listParticipants'), 'unauthenticated');
    expect(await fourth.roster()).toHaveLength(2);
  });

  test('loses its held poll with 410 and the reason, and gets no message', async () => {
    const { cursor } = await alice.poll();
    const poll = await service.hold('alice', () =>
      alice.call('receiveMessages', { query: { after: cursor, wait: 20 } }),
    );
    const again = await alice.rejoin(how);
    await bob.send({ type: 'invite' });
    expect(problemOf(await poll.ended, 'participant-gone').reason).toBe('replaced');
    expect((await typesOf(again)).at(-1)).toBe('invite');
  });
});
