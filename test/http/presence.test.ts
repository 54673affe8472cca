import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const LISTENING_MS = 5_000;
/** Idle timeouts are checked every half second, in whole seconds. */
const LATE_MS = 1_500;

let clock: TestClock;
let service: Service;
let alice: Member;
let bob: Member;
beforeEach(async () => {
  clock = new TestClock();
  service = await createService({ rateLimit: 'off' }, { clock });
  alice = await join(service.app, newRoom(), { participantId: 'alice', idleTimeoutSeconds: 300 });
  bob = await join(service.app, alice.roomId, { participantId: 'bob', idleTimeoutSeconds: 10 });
});

afterEach(closeServices);

const present = async (): Promise<string[]> => (await alice.roster()).map(({ participantId }) => participantId);

describe('a participant is removed its idle time after its last request', () => {
  test('never before its idle time, and soon after', async () => {
    await clock.advance(9_999);
    expect(await present()).toEqual(['alice', 'bob']);
    await clock.advance(LATE_MS);
    expect(await present()).toEqual(['alice']);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a poll', () => bob.poll()],
    ['a send', () => bob.send({ type: 'ringing' })],
    ['reading the roster', () => bob.roster()],
    ['asking for ICE servers', () => bob.call('getIceServers')],
    ['an acknowledgement', () => bob.call('acknowledgeMessages', { body: { cursor: bob.joined.cursor } })],
    ['a resume', async () => (bob = await bob.rejoin({ resume: true }))],
    ['even a refused request', () => bob.call('sendMessage', { body: {} })],
  ])('%s restarts the idle time', async (_, act) => {
    await clock.advance(9_000);
    await act();
    await clock.advance(9_000);
    expect(await present()).toEqual(['alice', 'bob']);
    await clock.advance(1_000 + LATE_MS);
    expect(await present()).toEqual(['alice']);
  });

  test('a held poll counts as a request until it ends', async () => {
    const poll = await service.hold('bob', () => bob.poll({ wait: 50 }));
    await clock.advance(44_000);
    expect(await present()).toEqual(['alice', 'bob']);
    await clock.advance(6_000);
    await poll.ended;
    await clock.advance(3_000);
    expect(await present()).toEqual(['alice', 'bob']);
    await clock.advance(7_000 + LATE_MS);
    expect(await present()).toEqual(['alice']);
  });

  test("messages to it and others' requests that name it do not restart its idle time", async () => {
    await clock.advance(9_000);
    await alice.send({ type: 'invite', to: 'bob' });
    problemOf(await bob.call('joinRoom', { body: { participantId: 'bob' }, token: '' }), 'participant-exists');
    problemOf(await bob.call('sendMessage', { body: { type: 'invite' }, token: 'x' }), 'unauthenticated');
    await clock.advance(1_000 + LATE_MS);
    expect(await present()).toEqual(['alice']);
  });

  test('the others get one participant-left', async () => {
    await clock.advance(20_000);
    expect((await alice.poll()).messages).toMatchObject([
      { type: 'participant-joined' },
      { type: 'participant-left', payload: { participantId: 'bob', reason: 'timeout' } },
    ]);
  });

  test('a held poll of another participant returns the event at once', async () => {
    const { cursor } = await alice.poll();
    const poll = await service.hold('alice', () => alice.poll({ wait: 50, after: cursor }));
    await clock.advance(10_000 + LATE_MS);
    expect((await poll.ended).messages).toMatchObject([{ type: 'participant-left' }]);
  });

  test('the default is 60 seconds', async () => {
    await join(service.app, alice.roomId, 'carol');
    await clock.advance(59_999);
    expect(await present()).toEqual(['alice', 'carol']);
    await clock.advance(LATE_MS);
    expect(await present()).toEqual(['alice']);
  });

  test('a jump of the wall clock expires nobody', async () => {
    clock.jumpWall(86_400_000);
    await clock.advance(5_000);
    expect(await present()).toEqual(['alice', 'bob']);
  });
});

describe('listening', () => {
  const bobListens = async (): Promise<boolean | undefined> =>
    (await alice.roster()).find(({ participantId }) => participantId === 'bob')?.listening;

  test('is true while a poll is held, and for 5 s after it', async () => {
    expect(await bobListens()).toBe(false);
    const poll = await service.hold('bob', () => bob.poll({ wait: 8 }));
    await clock.advance(7_000);
    expect(await bobListens()).toBe(true);
    await alice.send({ type: 'invite', to: 'bob' });
    await poll.ended;
    await clock.advance(LISTENING_MS - 1);
    expect(await bobListens()).toBe(true);
    await clock.advance(1);
    expect(await bobListens()).toBe(false);
  });

  test('is true after a poll with wait=0', async () => {
    await bob.poll({ wait: 0 });
    expect(await bobListens()).toBe(true);
    expect((await alice.send({ type: 'invite' })).recipients).toEqual([{ participantId: 'bob', listening: true }]);
  });

  test('is false after a refused poll', async () => {
    problemOf(await bob.call('receiveMessages', { query: { after: 'x', wait: 0 } }), 'invalid-cursor');
    problemOf(await bob.call('receiveMessages', { query: { after: alice.joined.cursor, wait: 0 } }), 'cursor-expired');
    expect(await bobListens()).toBe(false);
  });

  test('is false for a participant that only sends', async () => {
    await bob.send({ type: 'ringing' });
    expect(await bobListens()).toBe(false);
  });
});

describe('a message that is not acknowledged in its lifetime', () => {
  const call = { type: 'invite', to: 'bob', callId: 'call-1', ttlSeconds: 3 } as const;
  const WITHIN_MS = 2_000;

  test('is reported to its sender within 2 s', async () => {
    const { cursor } = await alice.poll();
    const { id } = await alice.send(call);
    const poll = await service.hold('alice', () => alice.poll({ wait: 50, after: cursor }));
    await clock.advance(3_000 + WITHIN_MS);
    expect((await poll.ended).messages).toEqual([
      {
        id: expect.not.stringMatching(id),
        type: 'message-expired',
        payload: { messageId: id, to: 'bob', type: 'invite', callId: 'call-1' },
        sentAt: expect.any(String),
        ageMs: expect.any(Number),
      },
    ]);
  });

  test('is reported even if it was read', async () => {
    await alice.send(call);
    expect((await bob.poll()).messages).toHaveLength(1);
    await clock.advance(3_000 + WITHIN_MS);
    expect((await alice.poll()).messages.map(({ type }) => type)).toEqual(['participant-joined', 'message-expired']);
    expect(await bob.poll()).toMatchObject({ messages: [], expired: 1 });
  });

  test('is not reported if it was acknowledged', async () => {
    await alice.send(call);
    const { cursor } = await bob.poll();
    await bob.poll({ after: cursor });
    await clock.advance(3_000 + WITHIN_MS);
    expect((await alice.poll()).messages.map(({ type }) => type)).toEqual(['participant-joined']);
  });

  test('is reported for each recipient of a broadcast', async () => {
    const carol = await join(service.app, alice.roomId, 'carol');
    await join(service.app, alice.roomId, 'dave');
    await alice.send({ type: 'custom', ttlSeconds: 3 });
    await carol.poll({ after: (await carol.poll()).cursor });
    const { cursor } = await alice.poll();
    await clock.advance(3_000 + WITHIN_MS);
    const reports = (await alice.poll({ after: cursor })).messages;
    expect(reports.map(({ payload }) => (payload as { to: string }).to)).toEqual(['bob', 'dave']);
  });

  test('is not reported when its recipient has gone', async () => {
    await alice.send(call);
    await bob.leave();
    await clock.advance(3_000 + WITHIN_MS);
    expect((await alice.poll()).messages.map(({ type }) => type)).toEqual(['participant-joined', 'participant-left']);
  });

  test('expires after 120 s by default', async () => {
    const carol = await join(service.app, alice.roomId, { participantId: 'carol', idleTimeoutSeconds: 300 });
    await alice.send({ type: 'custom', to: 'carol' });
    await clock.advance(119_999);
    expect((await carol.poll()).messages[0]).toMatchObject({ type: 'custom', ageMs: 119_999 });
    await clock.advance(1);
    expect((await carol.poll()).messages.map(({ type }) => type)).not.toContain('custom');
  });
});

test('beyond 128 room events, the oldest are dropped and counted as expired', async () => {
  for (let count = 0; count < 65; count += 1) await (await join(service.app, alice.roomId, 'guest')).leave();
  const first = await alice.poll({ limit: 100 });
  const rest = await alice.poll({ limit: 100, after: first.cursor });
  expect([first.messages.length + rest.messages.length, first.expired + rest.expired]).toEqual([128, 3]);
});
