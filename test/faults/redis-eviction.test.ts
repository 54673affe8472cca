import { afterEach, describe, expect, test } from '@jest/globals';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { Command } from '../support/command.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { call, problemOf } from '../support/http.ts';
import { startCluster } from '../support/redis/cluster.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ownRedis, startProcesses, untilReadiness } from '../support/redis/processes.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { WIDE_LIMITS } from '../support/store.ts';

const EVICTING = ['--maxmemory-policy', 'volatile-lru'] as const;

const readiness = ({ url }: ServerProcess) => call(url, 'getReadiness', {});

describeOnRedis('a Redis that may evict keys', () => {
  afterEach(cleanUp);

  describe('stops the start', () => {
    test('with one line that names the policy, the fix and the Redis', async () => {
      const redis = await ownRedis(...EVICTING, '--maxmemory', '64mb');
      const { code, stdout, stderr } = await new Command(['--port', '0', '--store-url', redis.url]).ended;
      expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
      for (const part of [`127.0.0.1:${redis.port}`, 'volatile-lru', 'maxmemory-policy noeviction', 'redis.conf'])
        expect(stderr).toContain(part);
    });

    test('even without a maxmemory, since one may be set at any time', async () => {
      const redis = await ownRedis(...EVICTING);
      await expect(RedisStore.open({ url: redis.url, limits: WIDE_LIMITS })).rejects.toMatchObject({
        name: 'StoreError',
        message: expect.stringContaining('volatile-lru'),
      });
    });

    test('when only one master of a cluster may evict', async () => {
      const cluster = await startCluster();
      onCleanUp(() => cluster.end());
      const last = cluster.masters.at(-1);
      await last?.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
      await expect(RedisStore.open({ url: cluster.url, limits: WIDE_LIMITS })).rejects.toMatchObject({
        message: expect.stringMatching(new RegExp(`:${String(last?.port)} has maxmemory-policy allkeys-lfu`)),
      });
    });
  });

  test('a policy that changes later turns /readyz red, with the reason and one log line, until it is noeviction again', async () => {
    const redis = await ownRedis();
    const [server] = (await startProcesses([redis])) as [ServerProcess];
    await untilReadiness(server.url, 200);
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await untilReadiness(server.url, 503);
    const problem = problemOf(await readiness(server), 'storage-unavailable');
    expect(problem).toMatchObject({ detail: expect.stringContaining('maxmemory-policy of Redis must be noeviction') });
    const line = await server.command.logged(/is not ready/);
    expect(JSON.stringify(line)).toContain('has maxmemory-policy allkeys-lru');
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await untilReadiness(server.url, 200);
    await server.command.logged(/is ready again/);
    const { stdout } = await server.stop();
    expect(stdout.split('\n').filter((text) => text.includes('not ready'))).toHaveLength(1);
  });
});
