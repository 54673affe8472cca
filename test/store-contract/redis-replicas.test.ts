import { expect, test } from '@jest/globals';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { join } from '../support/redis/join.ts';
import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { following } from '../support/redis/replica.ts';
import { WIDE_LIMITS } from '../support/store.ts';
import { outgoing } from './store-fixture.ts';

const IDLE_MS = 60_000;

describeOnRedis('replicas=1', () => {
  const primary = shared(() => RedisServer.start());
  const replica = shared(() => RedisServer.start());

  test('with a replica, joins and messages are answered once the replica has them', async () => {
    await following(replica(), () => replica().command('REPLICAOF', '127.0.0.1', primary().port));
    const store = await RedisStore.open({ url: `${primary().url}?prefix=with&replicas=1`, limits: WIDE_LIMITS });
    try {
      const alice = await join(store, 'lobby', 'alice', IDLE_MS);
      const bob = await join(store, 'lobby', 'bob', IDLE_MS);
      await store.append({ sender: alice.mailbox, messages: [outgoing('one', { to: 'bob' })] });
      await replica().command('REPLICAOF', 'NO', 'ONE');
      const taken = await RedisStore.open({ url: `${replica().url}?prefix=with`, limits: WIDE_LIMITS });
      const page = await taken.read(bob.mailbox, { after: undefined, limit: 10, maxBytes: 10_000 });
      expect(page.messages.map(({ payload }) => payload)).toContain('"one"');
      await taken.close();
    } finally {
      await store.close();
    }
  });

  test('without a replica, joins and messages fail fast after the first failure, and reads are not delayed', async () => {
    const store = await RedisStore.open({ url: `${primary().url}?prefix=without&replicas=1`, limits: WIDE_LIMITS });
    try {
      await expect(join(store, 'lobby', 'alice', IDLE_MS)).rejects.toMatchObject({ code: 'storage-unavailable' });
      const tries = Array.from({ length: 20 }, (_, number) => join(store, 'lobby', `next-${number}`, IDLE_MS));
      // The join is stored; only the confirmation is missing.
      const ids = (await store.participants('lobby' as never)).map(({ participantId }) => participantId);
      expect(ids).toContain('alice');
      for (const outcome of await Promise.allSettled(tries)) expect(outcome.status).toBe('rejected');
    } finally {
      await store.close();
    }
  });
});
