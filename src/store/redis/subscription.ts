import type { Host, RedisLocation } from './location.ts';
import { connectToPrimary, orDestroy, type Client } from './primary.ts';
import { Reconnecting } from './reconnecting.ts';

/** If a text published to this process does not arrive within this time, the subscription no longer works. */
const ARRIVES_WITHIN_MS = 2_000;

interface Options {
  readonly location: RedisLocation;
  /** Any node of a cluster will do. */
  readonly hosts: () => readonly Host[];
  readonly channels: Readonly<Record<string, (text: string) => void>>;
  /** Called after every period in which texts may have been missed. */
  readonly onMissed: () => void;
}

/** The one subscribed connection of the process. */
export class Subscription {
  readonly #options: Options;
  readonly #client: Reconnecting<Client>;
  /** Arrival time of the last text (monotonic ms). */
  #receivedAt = -Infinity;

  private constructor(options: Options) {
    this.#options = options;
    this.#client = new Reconnecting({ open: (onLost) => this.#subscribe(onLost), onReopened: options.onMissed });
  }

  static async open(options: Options): Promise<Subscription> {
    const subscription = new Subscription(options);
    await subscription.#client.connect();
    return subscription;
  }

  /**
   * Call after publishing a text to this process. A node that has left its cluster answers pings, but delivers no
   * texts.
   */
  expectText(): void {
    const publishedAt = performance.now();
    const timer = setTimeout(() => {
      if (this.#receivedAt < publishedAt - ARRIVES_WITHIN_MS) this.#client.reconnect();
    }, ARRIVES_WITHIN_MS);
    timer.unref();
  }

  /** False while the subscription is lost and hints are missed. */
  get isOpen(): boolean {
    return this.#client.current !== undefined;
  }

  /** Resolves once every text that was published on this node before the call has been handled. */
  async ping(): Promise<void> {
    await this.#client.current?.ping();
  }

  close(): void {
    this.#client.close();
  }

  async #subscribe(onLost: () => void): Promise<Client> {
    const { location, hosts, channels } = this.#options;
    const client = await connectToPrimary(location, shuffled(hosts()), onLost);
    return orDestroy(client, async () => {
      for (const [channel, onText] of Object.entries(channels)) {
        await client.subscribe(channel, (text) => {
          this.#receivedAt = performance.now();
          onText(text);
        });
      }
      this.#receivedAt = performance.now();
      return client;
    });
  }
}

/** Random order, so that not all processes subscribe to the first node. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
