import { afterEach, expect, test } from '@jest/globals';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import type { Hint, SignallingStore } from '../../src/signalling/store.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { settle, TestClock } from '../support/clock.ts';
import { Counted } from '../support/redis/counted.ts';
import { join } from '../support/redis/joined.ts';
import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { newPrefix, urlOf } from '../support/redis/place.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { WIDE_LIMITS } from '../support/store.ts';

describeOnRedis('two processes that share a Redis', () => {
  const server = shared(() => RedisServer.start());
  afterEach(cleanUp);

  test('a process receives a hint of a departure that the other one handled', async () => {
    const clock = new TestClock();
    const url = urlOf(server(), newPrefix());
    const open = async (): Promise<SignallingStore> => {
      const counted = new Counted(await RedisStore.open({ url, limits: WIDE_LIMITS, clock }));
      onCleanUp(() => counted.close());
      return counted.store;
    };
    const [here, there] = [await open(), await open()];
    const { mailbox } = await join(here, 'room', 'bob', 60_000);
    const heard: Hint[] = [];
    here.watch((hint) => heard.push(hint));
    await there.depart(mailbox.roomId, mailbox.participantId, 'left');
    await settle();
    expect(heard).toContainEqual({ kind: 'departed', mailboxId: mailbox.mailboxId });
  });
});
