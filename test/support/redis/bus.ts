import { createClient } from '@redis/client';
import type { RedisServer } from './redis-server.ts';

const CHANNEL = 'test-bus';

const subscriberOf = ({ port }: RedisServer) =>
  createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } })
    .on('error', () => undefined)
    .connect();

/** What the nodes of a cluster tell each other. Between two of them it keeps its order. */
export class Bus {
  readonly #masters: readonly RedisServer[];
  readonly #subscribers: Awaited<ReturnType<typeof subscriberOf>>[] = [];
  readonly #waiting = new Map<string, () => void>();
  #count = 0;

  private constructor(masters: readonly RedisServer[]) {
    this.#masters = masters;
  }

  static async open(masters: readonly RedisServer[]): Promise<Bus> {
    const bus = new Bus(masters);
    for (const [index, master] of masters.entries()) {
      const subscriber = await subscriberOf(master);
      await subscriber.subscribe(CHANNEL, (text) => bus.#waiting.get(`${index} ${text}`)?.());
      bus.#subscribers.push(subscriber);
    }
    return bus;
  }

  /** Resolves once everything that was published at any node before has come to every other one. */
  async flush(): Promise<void> {
    const round = (this.#count += 1);
    const heard = this.#masters.flatMap((_, from) =>
      this.#masters.map((_to, to) => {
        const key = `${to} ${round}:${from}`;
        return new Promise<void>((resolve) => this.#waiting.set(key, resolve)).then(() => this.#waiting.delete(key));
      }),
    );
    await Promise.all(this.#masters.map((master, from) => master.command('PUBLISH', CHANNEL, `${round}:${from}`)));
    await Promise.all(heard);
  }

  close(): void {
    for (const subscriber of this.#subscribers) subscriber.destroy();
  }
}
