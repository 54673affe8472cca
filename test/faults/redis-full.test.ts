import { afterEach, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { fetchAnswer } from '../support/fetch-member.ts';
import type { Member } from '../support/member.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { UNAVAILABLE } from '../support/fetch-member.ts';
import { ownRedis, startPair, untilHeld } from '../support/redis/processes.ts';
import type { RedisServer } from '../support/redis/redis-server.ts';

const FULL_AT = ['--maxmemory', '7mb', '--maxmemory-policy', 'noeviction'] as const;
const SETTINGS = { RATE_LIMIT: 'off', MAX_MAILBOX_BYTES: '100000000' };
const BIG = 'x'.repeat(40_000);

async function onSmallRedis() {
  const redis = await ownRedis(...FULL_AT);
  return { redis, ...(await startPair([redis, redis], SETTINGS)) };
}

/** Fills Redis, and lowers maxmemory so that small messages are refused, too. @returns how many messages are stored */
async function fill(redis: RedisServer, sender: Member): Promise<number> {
  for (let stored = 0; ; stored += 1) {
    const body = { to: 'bob', type: 'custom', payload: `${stored} ${BIG}` };
    const answer = await sender.call('sendMessage', { body });
    if (answer.status === 201) continue;
    expect(answer).toMatchObject(UNAVAILABLE);
    // The memory of connections varies; a clear distance from the bound makes that irrelevant.
    await redis.command('CONFIG', 'SET', 'maxmemory', '5mb');
    return stored;
  }
}

const joinAs = (url: string, participantId: string) =>
  fetchAnswer(url, 'joinRoom', '/v1/rooms/room/participants', { body: { participantId } });

describeOnRedis('when Redis is at its maxmemory', () => {
  afterEach(cleanUp);

  test('joins and sends get 503 at every process', async () => {
    const { redis, here, there, ledger, alice, bob } = await onSmallRedis();
    expect(await fill(redis, alice)).toBeGreaterThan(10);
    for (const { url } of [here, there]) expect(await joinAs(url, 'carol')).toMatchObject(UNAVAILABLE);
    const body = { messages: [{ to: 'alice', type: 'custom' }] };
    expect(await bob.call('sendMessages', { body })).toMatchObject(UNAVAILABLE);
    await ledger.settle();
  });

  test('/readyz stays green and reports it, and the log has one line', async () => {
    const { redis, here, ledger, alice, bob } = await onSmallRedis();
    await fill(redis, alice);
    for (let refusals = 0; refusals < 3; refusals += 1) await joinAs(here.url, 'carol');
    const ready = () => fetchAnswer(here.url, 'getReadiness', '/readyz', {});
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ready', store: 'full' } });
    expect(here.command.lines.filter(({ msg }) => msg.includes('store is full'))).toHaveLength(1);
    expect(here.command.lines.filter(({ level }) => level === 'error')).toEqual([]);
    for (let batch = await bob.poll(); batch.messages.length > 0;) batch = await bob.poll({ after: batch.cursor });
    await redis.command('CONFIG', 'SET', 'maxmemory', '64mb');
    expect((await ready()).body).toEqual({ status: 'ready' });
    await ledger.settle();
  });

  test('reads and acknowledgements work, and freed memory is usable at once', async () => {
    const { redis, there, ledger, alice, bob } = await onSmallRedis();
    const stored = await fill(redis, alice);
    let received = 0;
    let batch = await bob.poll();
    for (; batch.messages.length > 0; batch = await bob.poll({ after: batch.cursor }))
      received += batch.messages.length;
    expect(received).toBe(stored);
    expect(await bob.call('acknowledgeMessages', { body: { cursor: batch.cursor } })).toMatchObject({ status: 204 });
    expect(await joinAs(there.url, 'carol')).toMatchObject({ status: 201 });
    const held = bob.poll({ after: batch.cursor, wait: 20 });
    await alice.send({ to: 'bob', type: 'custom', payload: 'there is room again' });
    expect((await held).messages.length).toBeGreaterThan(0);
    await ledger.settle();
  });

  test('participants can leave, the others are notified, and held polls are woken', async () => {
    const { redis, here, ledger, alice, bob } = await onSmallRedis();
    const { cursor: after } = await alice.poll();
    await fill(redis, alice);
    const held = alice.poll({ after, wait: 20 });
    await untilHeld(here.url, 1);
    await bob.leave();
    expect((await held).messages).toMatchObject([
      { type: 'participant-left', payload: { participantId: 'bob', reason: 'left' } },
    ]);
    await ledger.settle();
  });

  test('more memory ends the refusals without a restart', async () => {
    const { redis, ledger, alice } = await onSmallRedis();
    await fill(redis, alice);
    await redis.command('CONFIG', 'SET', 'maxmemory', '64mb');
    await alice.send({ to: 'bob', type: 'custom', payload: 'there is room again' });
    await ledger.settle();
  });
});
