import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { OperationId } from '../../src/http/operations/index.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, LEAVING, type Member, newRoom } from '../support/member.ts';

const REMEMBERED_MS = 600_000;
const REFUSED = 'Bearer realm="holdline", error="invalid_token"';
const HINT =
  'Send the `token` of the join result as `Authorization: Bearer <token>`. ' +
  'A token that is unknown, or was replaced by a newer join, is refused.';
const OF_A_PARTICIPANT = [
  'listParticipants',
  'getIceServers',
  'sendMessage',
  'sendMessages',
  'receiveMessages',
  'pollMessages',
  'acknowledgeMessages',
] as const satisfies OperationId[];

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
  alice = await join(service.app, newRoom(), { participantId: 'alice', idleTimeoutSeconds: 10 });
  bob = await join(service.app, alice.roomId, { participantId: 'bob', idleTimeoutSeconds: 300 });
});

const callWith = (token: string, id: OperationId, roomId = alice.roomId, participantId = 'alice'): Promise<Answer> =>
  call(service.app, id, { roomId, participantId }, { token });

const holdPoll = (member: Member) =>
  service.hold(member.id, () => member.call('receiveMessages', { query: { wait: 50, after: member.joined.cursor } }));

describe('a participant that has left', () => {
  test.each(LEAVING)('by %s: its held poll ends with 410 and the others get an event with the 204', async (leaving) => {
    const poll = await holdPoll(bob);
    expect((await bob.call(leaving)).status).toBe(204);
    expect(problemOf(await poll.ended, 'participant-gone').reason).toBe('left');
    expect((await alice.poll()).messages.at(-1)).toMatchObject({
      type: 'participant-left',
      payload: { reason: 'left' },
    });
  });

  test('gets participant-gone from every operation for 600 s; then its token is unknown', async () => {
    await alice.leave();
    await clock.advance(REMEMBERED_MS - 1);
    for (const id of OF_A_PARTICIPANT) {
      const { reason, detail } = problemOf(await alice.call(id), 'participant-gone');
      expect([reason, detail]).toEqual(['left', expect.stringContaining('Join again')]);
    }
    for (const id of LEAVING) expect((await alice.call(id)).status).toBe(204);
    await clock.advance(1);
    for (const id of [...OF_A_PARTICIPANT, ...LEAVING]) {
      const answer = await alice.call(id);
      problemOf(answer, 'unauthenticated');
      expect(answer.headers['www-authenticate']).toBe(REFUSED);
    }
  });

  test('learns nothing about other rooms or participants', async () => {
    await alice.leave();
    problemOf(await callWith(alice.token, 'listParticipants', newRoom()), 'unauthenticated');
    for (const id of LEAVING) {
      problemOf(await callWith(alice.token, id, newRoom()), 'unauthenticated');
      expect(problemOf(await callWith(alice.token, id, alice.roomId, 'bob'), 'participant-gone').reason).toBe('left');
    }
    expect(await bob.roster()).toHaveLength(1);
  });

  test('may join again under its id, even with its old token, as a new participant', async () => {
    await bob.send({ type: 'invite', to: 'alice' });
    await alice.leave();
    for (const resume of [false, true]) {
      const again = await alice.rejoin({ resume });
      expect(again.joined).toMatchObject({ participantId: 'alice', resumed: false });
      expect((await again.poll()).messages).toEqual([]);
      expect(problemOf(await alice.call('listParticipants'), 'participant-gone').reason).toBe('left');
      for (const id of LEAVING) expect((await alice.call(id)).status).toBe(204);
      expect(await again.roster()).toHaveLength(2);
      await again.leave();
    }
  });

  test('that joins again without an id gets another id', async () => {
    await alice.leave();
    const answer = await call(
      service.app,
      'joinRoom',
      { roomId: alice.roomId },
      { body: { resume: true }, token: alice.token },
    );
    expect(answer.body).toMatchObject({ resumed: false, participantId: expect.not.stringMatching(/^alice$/) });
  });
});

describe('a participant whose idle time is over', () => {
  test('gets participant-gone, and the others a participant-left', async () => {
    await clock.advance(11_000);
    for (const id of OF_A_PARTICIPANT) {
      expect(problemOf(await alice.call(id), 'participant-gone').reason).toBe('timeout');
    }
    for (const id of LEAVING) expect((await alice.call(id)).status).toBe(204);
    expect((await bob.poll()).messages).toMatchObject([
      { type: 'participant-left', payload: { participantId: 'alice', reason: 'timeout' } },
    ]);
  });

  test('loses its mailbox, but messages that it sent stay', async () => {
    await alice.send({ type: 'invite', to: 'bob' });
    await bob.send({ type: 'ringing', to: 'alice' });
    await clock.advance(11_000);
    const again = await alice.rejoin({ resume: true });
    expect(again.joined.resumed).toBe(false);
    expect((await again.poll()).messages).toEqual([]);
    expect((await bob.poll()).messages[0]).toMatchObject({ type: 'invite', from: 'alice' });
  });
});

describe('a live token', () => {
  test('is forbidden in another room, whether that room exists or not', async () => {
    const elsewhere = await join(service.app, newRoom(), 'alice');
    for (const roomId of [elsewhere.roomId, newRoom()]) {
      for (const id of [...OF_A_PARTICIPANT, ...LEAVING]) {
        problemOf(await callWith(alice.token, id, roomId), 'forbidden');
      }
    }
    expect(await elsewhere.roster()).toHaveLength(1);
  });

  test('cannot remove another participant', async () => {
    for (const participantId of ['bob', 'nobody']) {
      for (const id of LEAVING) problemOf(await callWith(alice.token, id, alice.roomId, participantId), 'forbidden');
    }
    expect(await alice.roster()).toHaveLength(2);
  });
});

describe('a request without a valid credential is 401', () => {
  test.each<[string, Record<string, string>, string]>([
    ['nothing', {}, 'no `Authorization` header'],
    ['an empty header', { Authorization: '' }, 'no `Authorization` header'],
    ['a token in another header', { 'X-Token': 'x' }, 'no `Authorization` header'],
    ['a bare scheme', { Authorization: 'Bearer' }, 'the word Bearer without a token'],
    ['Basic authentication', { Authorization: 'Basic YTpi' }, 'Basic credentials'],
    ['another known scheme', { Authorization: 'NEGOTIATE YTpi' }, 'Negotiate credentials'],
    [
      'an unknown scheme',
      { Authorization: 'Secret YTpi' },
      'an `Authorization` header that does not begin with Bearer',
    ],
    ['a bare token', { Authorization: 'YTpi' }, 'an `Authorization` header that does not begin with Bearer'],
  ])('that tells what arrived instead of a token, and never its value: %s', async (_, headers, arrived) => {
    for (const id of [...OF_A_PARTICIPANT, ...LEAVING]) {
      const answer = await call(service.app, id, { roomId: alice.roomId, participantId: 'alice' }, { headers });
      const { detail, retryable } = problemOf(answer, 'unauthenticated');
      expect({ detail, retryable }).toEqual({ detail: `${HINT} The request carries ${arrived}.`, retryable: false });
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="holdline"');
      expect(JSON.stringify(answer)).not.toMatch(/YTpi|Secret/);
    }
  });

  test.each<[string, () => string]>([
    ['unknown', () => 'Bearer abc'],
    ['spelt like a token', () => `Bearer ${'x'.repeat(12)}.${'x'.repeat(32)}`],
    ['known by its first half only', () => `Bearer ${String(alice.token.split('.')[0])}.${'x'.repeat(32)}`],
    ['two at once', () => 'Bearer a, Bearer b'],
    ['very long', () => `Bearer ${'x'.repeat(8_000)}`],
  ])('that tells that the token was refused, and not why: %s', async (_, authorization) => {
    for (const id of [...OF_A_PARTICIPANT, ...LEAVING]) {
      const sent = { headers: { Authorization: authorization() } };
      const answer = await call(service.app, id, { roomId: alice.roomId, participantId: 'alice' }, sent);
      expect(problemOf(answer, 'unauthenticated').detail).toBe(HINT);
      expect(answer.headers['www-authenticate']).toBe(REFUSED);
    }
  });

  test('the right handle with a wrong secret', async () => {
    const [handle] = alice.token.split('.');
    problemOf(await callWith(`${String(handle)}.${'x'.repeat(32)}`, 'listParticipants'), 'unauthenticated');
    problemOf(await callWith(alice.token.slice(0, -1), 'listParticipants'), 'unauthenticated');
    problemOf(await callWith(`${alice.token}x`, 'listParticipants'), 'unauthenticated');
  });

  test('a token in the query is an unknown parameter', async () => {
    const query = { token: alice.token, access_token: alice.token };
    const answer = await call(service.app, 'listParticipants', { roomId: alice.roomId }, { query });
    expect(problemOf(answer, 'invalid-request').errors).toHaveLength(2);
    expect(JSON.stringify(answer.body)).not.toContain(alice.token);
  });

  test.each(['bearer', 'BEARER', 'Bearer '])('the scheme Bearer is case-insensitive: %j', async (scheme) => {
    const headers = { Authorization: `${scheme} ${alice.token}` };
    const answer = await call(service.app, 'listParticipants', { roomId: alice.roomId }, { headers });
    expect(answer.status).toBe(200);
  });
});
