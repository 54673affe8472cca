import { expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { startSweeping } from '../../src/signalling/sweeper.ts';
import { systemClock } from '../../src/signalling/clock.ts';
import type { Store } from '../../src/signalling/store.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { join } from '../support/redis/join.ts';
import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { replacing, WIDE_LIMITS } from '../support/store.ts';

/** Longer than the lifetime of the membership and the idle timeout of the participants. */
const SILENCE_SECONDS = 14;
/** Nearly as long, so that a busy machine has time for a few sweeps before another idle timeout passes. */
const IDLE_MS = 12_000;
const SWEEPS = 3;

const idsIn = async (store: Store, room: string): Promise<string[]> =>
  (await store.participants(room as never)).map(({ participantId }) => participantId);

describeOnRedis('a Redis that stalls for longer than the idle timeout', () => {
  const server = shared(() => RedisServer.start('--enable-debug-command', 'local'));

  test('expires no participant: idle times restart with the first heartbeat, before any sweep that was in flight', async () => {
    const store = await RedisStore.open({ url: server().url, limits: WIDE_LIMITS });
    let swept = 0;
    const sweeping = replacing(store, {
      sweep: async () => {
        const more = await store.sweep();
        swept += 1;
        return more;
      },
    });
    const stop = startSweeping(sweeping, systemClock(), { swept: () => undefined, sweepFailed: () => undefined });
    try {
      await join(store, 'lobby', 'alice', IDLE_MS);
      await join(store, 'lobby', 'bob', IDLE_MS);
      await server().command('DEBUG', 'SLEEP', SILENCE_SECONDS);
      // Looks from the first successful read until a few sweeps have run.
      const seen: string[][] = [];
      for (let until = Infinity; swept < until;) {
        await pause(50);
        const ids = await idsIn(store, 'lobby').catch(() => undefined);
        if (ids === undefined) continue;
        seen.push(ids);
        until = Math.min(until, swept + SWEEPS);
      }
      expect(seen.filter((ids) => ids.join() !== 'alice,bob')).toEqual([]);
    } finally {
      stop();
      await store.close();
    }
  });
});
