import { afterEach, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import type { Answer } from '../support/conformance.ts';
import { fetchAnswer, UNAVAILABLE, untilServed } from '../support/fetch-member.ts';
import { Ledger } from '../support/ledger.ts';
import type { Member } from '../support/member.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ownRedis, startPair, untilHeld, untilReadiness } from '../support/redis/processes.ts';

/** Redis syncs each write to the disk before it confirms it. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'] as const;
const SETTINGS = { RATE_LIMIT: 'off', MAX_MAILBOX_MESSAGES: '5000' };

async function onDurableRedis() {
  const redis = await ownRedis(...DURABLE);
  return { redis, ...(await startPair([redis, redis], SETTINGS, new Ledger({ repeats: true }))) };
}

const message = (payload: string) => ({
  body: { to: 'bob', type: 'custom', payload },
  headers: { 'Idempotency-Key': payload.replaceAll(' ', '-') },
});

const untilStored = (sender: Member, payload: string): Promise<Answer> =>
  untilServed(() => sender.call('sendMessage', message(payload)));

describeOnRedis('Redis is killed', () => {
  afterEach(cleanUp);

  test('requests get 503 while it is away; afterwards the stored messages are there, and everything works again', async () => {
    const { redis, here, there, ledger, alice, bob } = await onDurableRedis();
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'before' });
    await redis.kill();
    const asked = [
      () => alice.call('sendMessage', message('meanwhile')),
      () => bob.call('receiveMessages', { query: { wait: 0 } }),
      () => bob.call('listParticipants'),
      () => fetchAnswer(there.url, 'joinRoom', '/v1/rooms/room/participants', { body: { participantId: 'carol' } }),
    ];
    // Requests fail at once, instead of waiting for Redis.
    for (const answer of await Promise.all(asked.map((ask) => ask()))) expect(answer).toMatchObject(UNAVAILABLE);
    await Promise.all([here, there].map(({ url }) => untilReadiness(url, 503)));

    await redis.restart();
    await Promise.all([here, there].map(({ url }) => untilReadiness(url, 200)));
    expect((await bob.poll({ after: bob.joined.cursor })).messages).toMatchObject([{ id }]);
    expect((await bob.roster()).map(({ participantId }) => participantId)).toEqual(['alice', 'bob']);
    const again = bob.poll({ wait: 20 });
    await alice.send({ to: 'bob', type: 'custom', payload: 'after' });
    expect((await again).messages.length).toBeGreaterThan(0);
    await ledger.settle();
  });

  test('a poll held across the restart gets the messages sent after it, at the latest when it is repeated', async () => {
    const { redis, here, there, ledger, alice, bob } = await onDurableRedis();
    const { cursor: after } = await bob.poll({ after: bob.joined.cursor });
    const held = bob.poll({ after, wait: 30 });
    await untilHeld(there.url, 1);
    await redis.kill();
    await redis.restart();
    await Promise.all([here, there].map(({ url }) => untilReadiness(url, 200)));
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'after' });
    expect(await held).toMatchObject({ messages: [{ id }] });
    await ledger.settle();
  });

  test('during many sends: every acknowledged or retried message is there once and in order', async () => {
    const { redis, there, ledger, alice, bob } = await onDurableRedis();
    const elsewhere = ledger.observe(there.url, alice.joined);
    let stored = 0;
    const third = Promise.withResolvers<undefined>();
    const stream = async (sender: Member, name: string): Promise<void> => {
      for (let number = 0; number < 60; number += 1) {
        expect((await untilStored(sender, `${name} ${number}`)).status).toBe(201);
        if ((stored += 1) === 80) third.resolve(undefined);
      }
    };
    const names = ['a', 'b', 'c', 'd'];
    const streams = names.map((name, index) => stream(index % 2 === 0 ? alice : elsewhere, name));
    await third.promise;
    await redis.kill();
    await redis.restart();
    await Promise.all(streams);
    const received: string[] = [];
    let batch = await bob.poll({ after: bob.joined.cursor });
    for (; batch.messages.length > 0; batch = await bob.poll({ after: batch.cursor })) {
      received.push(...batch.messages.map(({ payload }) => String(payload)));
    }
    for (const name of names) {
      const own = received.filter((payload) => payload.startsWith(`${name} `));
      expect(own).toEqual(Array.from({ length: 60 }, (_, number) => `${name} ${number}`));
    }
    await ledger.settle();
  });
});
