import { afterEach, describe, expect, test } from '@jest/globals';
import type { Hint, Joined, Store } from '../../src/signalling/store.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { settle, TestClock } from '../support/clock.ts';
import { ObservedStore } from '../support/redis/observed-store.ts';
import { join } from '../support/redis/join.ts';
import { describeOnRedis, shared } from '../support/redis/on-redis.ts';
import { newPrefix, urlOf } from '../support/redis/urls.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { WIDE_LIMITS } from '../support/store.ts';

const HELD_MS = 25_000;

describeOnRedis('two processes that share a Redis', () => {
  const server = shared(() => RedisServer.start());
  afterEach(cleanUp);

  /** One participant, and two processes that may hold its polls. */
  async function twoProcesses() {
    const clock = new TestClock();
    const url = urlOf(server(), newPrefix());
    const open = async (): Promise<Store> => {
      const counted = new ObservedStore(await RedisStore.open({ url, limits: WIDE_LIMITS, clock }));
      onCleanUp(() => counted.close());
      return counted.store;
    };
    const [here, there] = [await open(), await open()];
    return { clock, here, there, bob: await join(here, 'room', 'bob', 60_000) };
  }

  const listens = async (store: Store, { mailbox }: Joined): Promise<boolean | undefined> => {
    await settle();
    return (await store.participants(mailbox.roomId))[0]?.listening;
  };

  describe('a poll that the other process took over', () => {
    async function afterTakeover() {
      const processes = await twoProcesses();
      const { here, there, bob } = processes;
      const [older, newer] = [here.openPoll(bob.mailbox), there.openPoll(bob.mailbox)];
      older.hold(HELD_MS);
      await settle();
      newer.hold(HELD_MS);
      await settle();
      return { ...processes, older, newer };
    }

    test('does not end listening while the newer one is held, however it ends', async () => {
      const { clock, here, bob, older } = await afterTakeover();
      older.end('cut');
      await clock.advance(10_000);
      expect(await listens(here, bob)).toBe(true);
    });

    test('does not shorten the 5 s after the newer one was answered', async () => {
      const { clock, here, bob, older, newer } = await afterTakeover();
      newer.end('answered');
      await settle();
      older.end('cut');
      await clock.advance(4_999);
      expect(await listens(here, bob)).toBe(true);
    });

    test('does not prolong the second after the newer one was cut', async () => {
      const { clock, here, bob, older, newer } = await afterTakeover();
      newer.end('cut');
      await clock.advance(900);
      older.end('other');
      await clock.advance(100);
      expect(await listens(here, bob)).toBe(false);
    });
  });

  test('a participant whose poll is cut at one and held at the other within a second stays listening', async () => {
    const { clock, here, there, bob } = await twoProcesses();
    const poll = here.openPoll(bob.mailbox);
    poll.hold(HELD_MS);
    await settle();
    poll.end('cut');
    await clock.advance(900);
    there.openPoll(bob.mailbox).hold(HELD_MS);
    await clock.advance(10_000);
    expect(await listens(here, bob)).toBe(true);
  });

  test('a process receives a hint of a departure that the other one handled', async () => {
    const { here, there, bob } = await twoProcesses();
    const heard: Hint[] = [];
    here.watch((hint) => heard.push(hint));
    await there.depart(bob.mailbox.roomId, bob.mailbox.participantId, 'left');
    await settle();
    expect(heard).toContainEqual({ kind: 'departed', mailboxId: bob.mailbox.mailboxId });
  });
});
