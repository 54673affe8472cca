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
/** Messages that each client receives before, between and after the changes to the processes. */
const MESSAGES_PER_PHASE = 25;

/** One of a pair of clients that send each other consecutive numbers. */
class LoadClient {
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

  /** Rejects when a send fails. */
  async sendNumbers(to: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.mailbox.send({ type: 'custom', to, payload: this.sent });
      this.sent += 1;
      await pause(SEND_EVERY_MS);
    }
  }

  async untilReceived(count: number): Promise<void> {
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
  /** Resolves once every client has received more messages. */
  goesOn(): Promise<unknown>;
}

/** Runs `deploy` while pairs of real clients send each other numbers. */
async function underLoad(url: string, deploy: (load: Load) => Promise<void>): Promise<readonly LoadClient[]> {
  const stop = new AbortController();
  const clients: LoadClient[] = [];
  const sending: Promise<void>[] = [];
  for (const roomId of ROOMS) {
    const alice = new LoadClient(await join(url, 'alice', { roomId }));
    const bob = new LoadClient(await join(url, 'bob', { roomId }));
    sending.push(alice.sendNumbers('bob', stop.signal), bob.sendNumbers('alice', stop.signal));
    clients.push(alice, bob);
  }
  const load = Promise.all(sending);
  const goesOn = (): Promise<unknown> =>
    Promise.all(clients.map((client) => client.untilReceived(client.numbers.length + MESSAGES_PER_PHASE)));
  await Promise.race([deploy({ goesOn }), load]);
  // Clean-up runs backwards: the clients leave before the processes that `deploy` started end.
  onCleanUp(() => Promise.all(clients.map(({ mailbox }) => mailbox.leave())));
  stop.abort();
  await load;
  await Promise.all(clients.map((client, index) => client.untilReceived(clients[index ^ 1]?.sent ?? 0)));
  return clients;
}

/** Every number was received once and in order. */
function expectAllThere(clients: readonly LoadClient[]): void {
  for (const [index, client] of clients.entries()) {
    const sent = clients[index ^ 1]?.sent ?? 0;
    expect(client.numbers).toEqual(Array.from({ length: sent }, (_, number) => number));
    expect(client.mailbox.state).not.toBe('ended');
  }
}

/** Requests that got no response, or one that the contract does not allow while a process shuts down. */
const failuresOf = (clients: readonly LoadClient[]): string[] =>
  clients.flatMap(({ exchanges }) =>
    exchanges.flatMap((exchange) => {
      if (exchange.kind === 'cut') {
        // On a busy machine the client aborts requests itself: a poll when a send has no response for about a second,
        // and any request that takes too long.
        return /aborted|silent/.test(exchange.cause) ? [] : [`${exchange.operation} was cut: ${exchange.cause}`];
      }
      if (exchange.kind === 'ok' || exchange.problem.code === 'shutting-down') return [];
      return [`${exchange.operation}: ${exchange.problem.code}`];
    }),
  );

describeOnRedis('two processes on one Redis, behind a balancer without sticky sessions', () => {
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

  test('a rolling deploy under load: no call fails, and no message is lost, duplicated or reordered', async () => {
    const { start, processes, balancer } = await behindBalancer();
    const clients = await underLoad(balancer.url, async (load) => {
      await load.goesOn();
      for (const old of processes) {
        const next = await start();
        await balancer.add(next.url);
        expect(await old.stop()).toMatchObject({ code: 0 });
        await load.goesOn();
        await balancer.untilAnswered(next.url, 1);
      }
    });
    expectAllThere(clients);
    expect(failuresOf(clients)).toEqual([]);
  });

  test('kill -9 of one process under load: the other takes over, and no message is lost, duplicated or reordered', async () => {
    const { processes, balancer } = await behindBalancer();
    const clients = await underLoad(balancer.url, async (load) => {
      await load.goesOn();
      await processes[0].kill();
      await load.goesOn();
    });
    expectAllThere(clients);
  });
});
