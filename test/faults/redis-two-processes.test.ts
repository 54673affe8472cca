import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Batch } from '../../src/wire/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { fetchAnswer } from '../support/fetch-member.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import { newRoom, type Member } from '../support/member.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { newPrefix, urlOf } from '../support/redis/urls.ts';
import { ownRedis, startProcesses, untilHeld } from '../support/redis/processes.ts';
import { roundTripsUntil } from '../support/round-trips.ts';
import { untilListening } from '../support/server-process.ts';

const API_KEY = 'an-operator-key-of-some-length';
/** Round trips to the service, see `roundTripsUntil`. */
const WOKEN_WITHIN = 25;
const ENDED_WITHIN = 500;

/** The addresses of two services on one Redis. */
let here = '';
let there = '';

/** Real processes, and services whose clock stands still: nothing that they do may depend on elapsed time. */
const PAIRS: readonly (readonly [string, () => Promise<readonly { readonly url: string }[]>])[] = [
  [
    'processes',
    async () => {
      const redis = await ownRedis();
      return startProcesses([redis, redis], { API_KEYS: API_KEY, RATE_LIMIT: 'off' });
    },
  ],
  [
    'services on a clock that stands still',
    async () => {
      const store = { kind: 'redis', url: urlOf(await ownRedis(), newPrefix()) } as const;
      const clock = new TestClock();
      const start = () => startService({ store, apiKeys: [API_KEY], rateLimit: 'off' }, { clock });
      return Promise.all([start(), start()]);
    },
  ],
];

async function aliceAndBob() {
  const ledger = new Ledger();
  const room = newRoom();
  const alice = await ledger.join(here, room, 'alice', API_KEY);
  const bob = await ledger.join(there, room, 'bob', API_KEY);
  return { ledger, room, alice, bob };
}

const longPoll = (member: Member): Promise<Answer> =>
  member.call('receiveMessages', { query: { after: member.joined.cursor, wait: 20 } });

/** Starts the member's first poll, and resolves once it is held; `ended` is its response. */
async function hold(member: Member): Promise<{ readonly ended: Promise<Answer> }> {
  const ended = longPoll(member);
  await untilListening(member);
  return { ended };
}

const gone = (reason: string) => ({ status: 410, body: { code: 'participant-gone', reason } });

describeOnRedis.each(PAIRS)('two %s on one Redis', (_, startPair) => {
  beforeAll(async () => {
    const [one, other] = await startPair();
    here = one?.url ?? '';
    there = other?.url ?? '';
  });
  afterAll(closeServices);
  afterAll(cleanUp);

  test('a message sent through one process wakes the poll held by the other at once', async () => {
    const { ledger, alice, bob } = await aliceAndBob();
    let after = bob.joined.cursor;
    const roundTrips: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      const poll = bob.poll({ after, wait: 20 });
      await untilHeld(there, 1);
      const sending = alice.send({ to: 'bob', type: 'custom', payload: round });
      roundTrips.push(await roundTripsUntil(there, poll));
      const [batch, { id }] = await Promise.all([poll, sending]);
      expect(batch.messages).toMatchObject([{ id, payload: round }]);
      after = batch.cursor;
    }
    // A delay in the service would appear in every round; a delay of a busy machine does not.
    expect(Math.min(...roundTrips)).toBeLessThan(WOKEN_WITHIN);
    await ledger.settle();
  });

  describe('fault 5: two identical polls at two processes', () => {
    test('the newer poll is held, and the older one ends at once', async () => {
      const { ledger, alice, bob } = await aliceAndBob();
      const older = await hold(bob);
      const newer = longPoll(ledger.observe(here, bob.joined));
      expect(await roundTripsUntil(here, older.ended)).toBeLessThan(ENDED_WITHIN);
      expect(await older.ended).toMatchObject({ status: 409, body: { code: 'poll-superseded', retryable: false } });
      const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
      expect(await newer).toMatchObject({ status: 200, body: { messages: [{ id }] } });
      await ledger.settle();
    });

    test('a poll that is answered at once supersedes the one held by the other process', async () => {
      const { ledger, bob } = await aliceAndBob();
      const older = await hold(bob);
      await ledger.observe(here, bob.joined).poll({ after: bob.joined.cursor });
      expect(await older.ended).toMatchObject({ status: 409, body: { code: 'poll-superseded' } });
    });

    test('a poll with a stale cursor supersedes nothing', async () => {
      const { ledger, alice, bob } = await aliceAndBob();
      await alice.send({ to: 'bob', type: 'custom', payload: 1 });
      const { cursor } = await bob.poll({ after: bob.joined.cursor });
      // Acknowledged explicitly: a poll counts as held a moment before its acknowledgement is in Redis.
      await bob.call('acknowledgeMessages', { body: { cursor } });
      const held = bob.poll({ after: cursor, wait: 20 });
      await untilHeld(there, 1);
      const stale = await longPoll(ledger.observe(here, bob.joined));
      expect(stale).toMatchObject({ status: 410, body: { code: 'cursor-expired', resetCursor: cursor } });
      const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 2 });
      expect((await held).messages).toMatchObject([{ id }]);
      await ledger.settle();
    });

    test('of ten concurrent polls at two processes, one is held', async () => {
      const { ledger, alice, bob } = await aliceAndBob();
      const elsewhere = ledger.observe(here, bob.joined);
      const polls = Array.from({ length: 10 }, (_, index) => longPoll(index % 2 === 0 ? bob : elsewhere));
      const losers: Answer[] = [];
      await new Promise<void>((resolve) => {
        for (const poll of polls)
          void poll.then((answer) => {
            if (answer.status === 409 && losers.push(answer) === 9) resolve();
          });
      });
      const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
      const winners = (await Promise.all(polls)).filter(({ status }) => status === 200);
      expect(winners).toMatchObject([{ body: { messages: [{ id }] } }]);
      await ledger.settle();
    });
  });

  describe('a held poll ends at once when, at the other process,', () => {
    /** The cause, the action at the other process, and the reason in the 410. */
    const causes: readonly (readonly [string, (bob: Member) => Promise<Answer>, string])[] = [
      ['its token is replaced', (bob) => joinAgain(bob, { resume: true }), 'replaced'],
      ['its participant joins anew', (bob) => joinAgain(bob, {}), 'replaced'],
      ['its participant leaves', (bob) => bob.call('leaveRoom'), 'left'],
      ['its participant leaves by POST', (bob) => bob.call('leaveRoomByPost'), 'left'],
      ['its participant is removed', (bob) => bob.call('leaveRoom', { token: API_KEY }), 'removed'],
      ['the room is closed', (bob) => bob.call('closeRoom', { token: API_KEY }), 'removed'],
    ];
    const joinAgain = ({ roomId, token, id }: Member, body: object): Promise<Answer> =>
      fetchAnswer(here, 'joinRoom', `/v1/rooms/${roomId}/participants`, {
        body: { participantId: id, ...body },
        token,
      });

    test.each(causes)('%s', async (_, act, reason) => {
      const { ledger, alice, bob } = await aliceAndBob();
      const held = await hold(bob);
      expect((await act(ledger.observe(here, bob.joined))).status).toBeLessThan(300);
      expect(await roundTripsUntil(here, held.ended)).toBeLessThan(ENDED_WITHIN);
      expect(await held.ended).toMatchObject(gone(reason));
      // The token is refused by both processes.
      for (const url of [here, there]) {
        const { status } = await ledger.observe(url, bob.joined).call('receiveMessages', { query: { wait: 0 } });
        expect(status).toBe(reason === 'replaced' ? 401 : 410);
      }
      expect(alice.id).toBe('alice');
    });
  });

  test('a send with an idempotency key is replayed at the other process', async () => {
    const { ledger, alice, bob } = await aliceAndBob();
    const sent = { body: { to: 'bob', type: 'custom', payload: 1 }, headers: { 'Idempotency-Key': 'key' } };
    const elsewhere = ledger.observe(there, alice.joined);
    const answers = await Promise.all([alice, elsewhere, alice, elsewhere].map((way) => way.call('sendMessage', sent)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(3);
    expect((await bob.poll({ after: bob.joined.cursor })).messages).toHaveLength(1);
    await ledger.settle();
  });

  test('both processes return the same roster, listening state and rooms', async () => {
    const { ledger, room, alice, bob } = await aliceAndBob();
    const held = await hold(bob);
    const rosters = await Promise.all([alice, ledger.observe(there, alice.joined)].map((way) => way.roster()));
    expect(rosters[0]).toEqual(rosters[1]);
    expect(rosters[0]).toMatchObject([
      { participantId: 'alice', listening: false },
      { participantId: 'bob', listening: true },
    ]);
    for (const url of [here, there]) {
      const listed = await fetchAnswer(url, 'listRooms', '/v1/rooms', { token: API_KEY });
      expect((listed.body as { rooms: unknown }).rooms).toContainEqual(
        expect.objectContaining({ roomId: room, participants: 2 }),
      );
    }
    await alice.send({ to: 'bob', type: 'custom' });
    expect(((await held.ended).body as Batch).messages).toHaveLength(1);
  });
});
