import { afterEach, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { Exchange, Mailbox, ReceivedMessage } from '../../src/client/index.ts';
import { join, record } from '../client/support/client.ts';
import { Balancer } from '../support/balancer.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ownRedis } from '../support/redis/processes.ts';
import { newPrefix, urlOf } from '../support/redis/urls.ts';
import { ServerProcess } from '../support/server-process.ts';

const ROOMS = ['red', 'green', 'blue'] as const;
const SEND_EVERY_MS = 20;
/** What each says before, between and after what happens to the processes. */
const WORDS = 25;

/** One of a pair: counts to the other one, and listens to it. */
class Talker {
  readonly mailbox: Mailbox;
  sent = 0;
  readonly #received: ReceivedMessage[];
  readonly exchanges: Exchange[] = [];

  constructor(mailbox: Mailbox) {
    this.mailbox = mailbox;
    this.#received = record(mailbox);
    mailbox.on('exchange', (exchange) => void this.exchanges.push(exchange));
  }

  get numbers(): unknown[] {
    return this.#received.filter(({ type }) => type === 'custom').map(({ payload }) => payload);
  }

  /** A call that fails rejects, and so does this. */
  async count(to: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.mailbox.send({ type: 'custom', to, payload: this.sent });
      this.sent += 1;
      await pause(SEND_EVERY_MS);
    }
  }

  async heard(count: number): Promise<void> {
    while (this.numbers.length < count) {
      await new Promise<void>((resolve) => {
        const off = this.mailbox.on('message', () => {
          off();
          resolve();
        });
      });
    }
  }
}

interface Load {
  /** Resolves once everybody has heard more. */
  goesOn(): Promise<unknown>;
}

/** Pairs of real clients that count to each other, while `deploy` has its way. */
async function underLoad(url: string, deploy: (load: Load) => Promise<void>): Promise<readonly Talker[]> {
  const stop = new AbortController();
  const talkers: Talker[] = [];
  const counting: Promise<void>[] = [];
  for (const roomId of ROOMS) {
    const alice = new Talker(await join(url, 'alice', { roomId }));
    const bob = new Talker(await join(url, 'bob', { roomId }));
    counting.push(alice.count('bob', stop.signal), bob.count('alice', stop.signal));
    talkers.push(alice, bob);
  }
  const load = Promise.all(counting);
  const goesOn = (): Promise<unknown> =>
    Promise.all(talkers.map((talker) => talker.heard(talker.numbers.length + WORDS)));
  await Promise.race([deploy({ goesOn }), load]);
  // Before the processes end that were started meanwhile.
  onCleanUp(() => Promise.all(talkers.map(({ mailbox }) => mailbox.leave())));
  stop.abort();
  await load;
  await Promise.all(talkers.map((talker, index) => talker.heard(talkers[index ^ 1]?.sent ?? 0)));
  return talkers;
}

/** What each said came to the other one once, whole and in order. */
function expectAllThere(talkers: readonly Talker[]): void {
  for (const [index, talker] of talkers.entries()) {
    const said = talkers[index ^ 1]?.sent ?? 0;
    expect(talker.numbers).toEqual(Array.from({ length: said }, (_, number) => number));
    expect(talker.mailbox.state).not.toBe('ended');
  }
}

/** Requests that got no answer, or another one than the contract has for a process that ends. */
const failuresOf = (talkers: readonly Talker[]): string[] =>
  talkers.flatMap(({ exchanges }) =>
    exchanges.flatMap((exchange) => {
      if (exchange.kind === 'cut') {
        // On a busy machine the client itself gives a request up: a poll when a send has no answer for about a second, and whatever
        // takes too long.
        return /aborted|silent/.test(exchange.cause) ? [] : [`${exchange.operation} was cut: ${exchange.cause}`];
      }
      if (exchange.kind === 'ok' || exchange.problem.code === 'shutting-down') return [];
      return [`${exchange.operation}: ${exchange.problem.code}`];
    }),
  );

describeOnRedis('two processes on one Redis, behind a balancer that knows no stickiness', () => {
  afterEach(cleanUp);

  async function behindBalancer() {
    const redis = await ownRedis();
    const prefix = newPrefix();
    const env = { STORE_URL: urlOf(redis, prefix), RATE_LIMIT: 'off' };
    const start = (): Promise<ServerProcess> => ServerProcess.start({ env });
    const processes = await Promise.all([start(), start()]);
    const balancer = await Balancer.start(...processes.map(({ url }) => url));
    return { start, processes, balancer };
  }

  test('a rolling deploy under load: no call fails, and nothing is lost, doubled or reordered', async () => {
    const { start, processes, balancer } = await behindBalancer();
    const talkers = await underLoad(balancer.url, async (load) => {
      await load.goesOn();
      for (const old of processes) {
        const next = await start();
        await balancer.add(next.url);
        expect(await old.stop()).toMatchObject({ code: 0 });
        await load.goesOn();
        await balancer.untilAnswered(next.url, 1);
      }
    });
    expectAllThere(talkers);
    expect(failuresOf(talkers)).toEqual([]);
  });

  test('kill -9 of one under load: the other one takes over, and nothing is lost, doubled or reordered', async () => {
    const { processes, balancer } = await behindBalancer();
    const talkers = await underLoad(balancer.url, async (load) => {
      await load.goesOn();
      await processes[0].kill();
      await load.goesOn();
    });
    expectAllThere(talkers);
  });
});
