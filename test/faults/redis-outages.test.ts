import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { Joined, Store } from '../../src/signalling/store.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { settle, TestClock } from '../support/clock.ts';
import { startCluster, type Cluster } from '../support/redis/cluster.ts';
import { ObservedStore } from '../support/redis/observed-store.ts';
import { join } from '../support/redis/join.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ownRedis, startProcesses, untilReadiness } from '../support/redis/processes.ts';
import type { RedisServer } from '../support/redis/redis-server.ts';
import { TcpProxy } from '../support/redis/tcp-proxy.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { WIDE_LIMITS } from '../support/store.ts';

const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'] as const;
const IDLE_MS = 5_000;
const SLACK_MS = 1_000;
const LOOK_EVERY_MS = 20;

/** Sweeps once, as the service does twice a second. @returns whether it succeeded */
const swept = (store: Store): Promise<boolean> =>
  store.sweep().then(
    () => true,
    () => false,
  );

/** Resolves once the process has noticed the outage or its end. */
async function untilSwept(store: Store, outcome: boolean): Promise<void> {
  while ((await swept(store)) !== outcome) await pause(LOOK_EVERY_MS);
}

async function roster(store: Store, { mailbox }: Joined): Promise<string[]> {
  return (await store.participants(mailbox.roomId)).map(({ participantId }) => participantId);
}

describeOnRedis('an outage of Redis', () => {
  afterEach(cleanUp);

  async function openStore(url: string, clock: TestClock): Promise<Store> {
    const counted = new ObservedStore(await RedisStore.open({ url, limits: WIDE_LIMITS, clock }));
    onCleanUp(() => counted.kill());
    return counted.store;
  }

  describe('that is longer than an idle timeout', () => {
    /** Kills Redis, advances the clock by 8 s and restarts Redis. */
    async function interrupt(redis: RedisServer, clock: TestClock, stores: readonly Store[]): Promise<void> {
      await redis.kill();
      for (const store of stores) await untilSwept(store, false);
      await clock.advance(8_000);
      await redis.restart();
      for (const store of stores) await untilSwept(store, true);
    }

    test('expires no participant, and restarts idle times when it ends', async () => {
      const redis = await ownRedis(...DURABLE);
      const clock = new TestClock();
      const store = await openStore(redis.url, clock);
      const alice = await join(store, 'room', 'alice', IDLE_MS);
      await interrupt(redis, clock, [store]);
      expect(await roster(store, alice)).toEqual(['alice']);
      await clock.advance(IDLE_MS - 1);
      await untilSwept(store, true);
      expect(await roster(store, alice)).toEqual(['alice']);
      await clock.advance(1 + SLACK_MS);
      await untilSwept(store, true);
      expect(await roster(store, alice)).toEqual([]);
    });

    test('expires no participant at another process that shares the Redis', async () => {
      const redis = await ownRedis(...DURABLE);
      const clock = new TestClock();
      const [here, there] = [await openStore(redis.url, clock), await openStore(redis.url, clock)];
      const alice = await join(here, 'room', 'alice', IDLE_MS);
      await interrupt(redis, clock, [there, here]);
      expect(await roster(there, alice)).toEqual(['alice']);
    });

    test('keeps a poll that is held across it listening', async () => {
      const redis = await ownRedis(...DURABLE);
      const clock = new TestClock();
      const store = await openStore(redis.url, clock);
      const alice = await join(store, 'room', 'alice', IDLE_MS);
      store.openPoll(alice.mailbox).hold(25_000);
      await settle();
      await interrupt(redis, clock, [store]);
      expect(await store.participants(alice.mailbox.roomId)).toMatchObject([{ listening: true }]);
    });
  });

  test('that only one process notices does not keep idle participants', async () => {
    const redis = await ownRedis();
    const link = await TcpProxy.start(redis.port);
    const clock = new TestClock();
    const [cutOff, connected] = [await openStore(link.url, clock), await openStore(redis.url, clock)];
    const alice = await join(connected, 'room', 'alice', IDLE_MS);
    link.target = 1;
    link.cut();
    await untilSwept(cutOff, false);
    await clock.advance(4_000);
    await untilHeartbeat(redis);
    link.target = redis.port;
    await untilSwept(cutOff, true);
    await clock.advance(1_000 + SLACK_MS);
    await untilSwept(connected, true);
    expect(await roster(connected, alice)).toEqual([]);
  });

  describe('logs one line when it begins, and one when it ends', () => {
    const outageLines = (log: string): string[] =>
      log
        .split('\n')
        .filter((line) => /"level":"(error|warn|fatal)"|available|ready/.test(line) && !line.includes('open mode'))
        .map((line) => (JSON.parse(line) as { msg: string }).msg);

    const BOTH = ['the store is unavailable', 'the store is available again'];

    test('when a server is killed and restarted', async () => {
      const redis = await ownRedis(...DURABLE);
      const [server] = (await startProcesses([redis])) as [ServerProcess];
      await untilReadiness(server.url, 200);
      await redis.kill();
      await server.command.logged(/store is unavailable/);
      // Requests and readiness checks fail meanwhile, too.
      for (let request = 0; request < 3; request += 1)
        await fetch(`${server.url}/v1/rooms/room/participants`, { method: 'POST' });
      await untilReadiness(server.url, 503);
      await redis.restart();
      await server.command.logged(/store is available again/);
      await untilReadiness(server.url, 200);
      expect(outageLines((await server.stop()).stdout)).toEqual(BOTH);
    });

    test('when a master of a cluster is killed and its replica takes over', async () => {
      const cluster: Cluster = await startCluster({ replicas: true });
      onCleanUp(() => cluster.end());
      const [server] = (await startProcesses([cluster])) as [ServerProcess];
      await untilReadiness(server.url, 200);
      await cluster.masters[0]?.kill();
      await server.command.logged(/store is unavailable/);
      await server.command.logged(/store is available again/);
      await untilReadiness(server.url, 200);
      expect(outageLines((await server.stop()).stdout)).toEqual(BOTH);
    });
  });
});

/** Resolves after a heartbeat that follows no failure. */
async function untilHeartbeat(redis: RedisServer): Promise<void> {
  const reportedAt = async (): Promise<string> => String(await redis.command('HGET', 'holdline:fleet', 'well'));
  for (const before = await reportedAt(); (await reportedAt()) === before;) await pause(LOOK_EVERY_MS);
}
