import { expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { startSweeping } from '../../src/signalling/sweeper.ts';
import { systemClock } from '../../src/signalling/clock.ts';
import type { SignallingStore } from '../../src/signalling/store.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { join } from '../support/redis/joined.ts';
import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { WIDE_LIMITS } from '../support/store.ts';

/** Longer than the fleet may be silent, and than the participants may. */
const SILENCE_SECONDS = 12;
const IDLE_MS = 5_000;

const idsIn = async (store: SignallingStore, room: string): Promise<string[]> =>
  (await store.participants(room as never)).map(({ participantId }) => participantId);

describeOnRedis('a Redis that stood still for longer than anybody may be idle', () => {
  const server = shared(() => RedisServer.start('--enable-debug-command', 'local'));

  test(
    'expires nobody: idle times begin anew with the first beat, whatever was on its way before',
    async () => {
      const store = await RedisStore.open({ url: server().url, limits: WIDE_LIMITS });
      const stop = startSweeping(store, systemClock(), () => undefined);
      try {
        await join(store, 'lobby', 'alice', IDLE_MS);
        await join(store, 'lobby', 'bob', IDLE_MS);
        await server().command('DEBUG', 'SLEEP', SILENCE_SECONDS);
        // From the first answer on, past the sweeps that follow it.
        const seen: string[][] = [];
        for (let untilMs = Infinity; performance.now() < untilMs;) {
          await pause(50);
          const ids = await idsIn(store, 'lobby').catch(() => undefined);
          if (ids === undefined) continue;
          seen.push(ids);
          untilMs = Math.min(untilMs, performance.now() + 2_000);
        }
        expect(seen.length).toBeGreaterThan(5);
        expect(seen.filter((ids) => ids.join() !== 'alice,bob')).toEqual([]);
      } finally {
        stop();
        await store.close();
      }
    },
  );
});
