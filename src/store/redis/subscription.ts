import { KeptOpen } from './kept-open.ts';
import type { RedisLocation } from './location.ts';
import { connectToAny, orDestroyed, type Client } from './server.ts';

/** A text that was published to this process is heard within this time, or the connection hears nothing any more. */
const HEARD_WITHIN_MS = 2_000;

interface Options {
  readonly location: RedisLocation;
  /** Where there is a Redis to subscribe at; any node of a cluster will do. */
  readonly hosts: () => RedisLocation['hosts'];
  readonly channels: Readonly<Record<string, (text: string) => void>>;
  /** Called whenever there was a time in which texts may have been missed. */
  readonly onMissed: () => void;
}

/** The one subscribed connection of the process. */
export class Subscription {
  readonly #client: KeptOpen<Client>;
  /** When the last text came (real ms). */
  readonly #ear: { heardAt: number };

  private constructor(client: KeptOpen<Client>, ear: { heardAt: number }) {
    this.#ear = ear;
    this.#client = client;
  }

  static async open({ location, hosts, channels, onMissed }: Options): Promise<Subscription> {
    const ear = { heardAt: performance.now() };
    const client = await KeptOpen.open<Client>({
      open: async (onLost) => {
        const opened = await connectToAny(location, shuffled(hosts()), onLost);
        return orDestroyed(opened, async () => {
          for (const [channel, onText] of Object.entries(channels)) {
            await opened.subscribe(channel, (text) => {
              ear.heardAt = performance.now();
              onText(text);
            });
          }
          ear.heardAt = performance.now();
          return opened;
        });
      },
      onReopened: onMissed,
    });
    return new Subscription(client, ear);
  }

  /** A text to this process was published just now: a node that left its cluster answers pings, but tells nothing any more. */
  expectText(): void {
    const publishedAt = performance.now();
    const timer = setTimeout(() => {
      if (this.#ear.heardAt < publishedAt - HEARD_WITHIN_MS) this.#client.lose();
    }, HEARD_WITHIN_MS);
    timer.unref();
  }

  /** False while the subscription is lost and wake-ups are missed. */
  get isOpen(): boolean {
    return this.#client.current !== undefined;
  }

  /** Resolves once everything that was published at this node before has been heard. */
  async ping(): Promise<void> {
    await this.#client.current?.ping();
  }

  close(): void {
    this.#client.close();
  }
}

/** So that the processes of a fleet do not all listen at the first node. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
