import { Deadlines } from './deadlines.ts';
import { KeptOpen } from './kept-open.ts';
import type { RedisLocation } from './location.ts';
import { connectToAny, orDestroyed, type Client } from './server.ts';

/** A connection that stays silent for longer may be dead without knowing. */
const PING_EVERY_MS = 2_000;

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
  readonly #deadlines: Deadlines;
  readonly #timer: NodeJS.Timeout;

  private constructor(client: KeptOpen<Client>) {
    this.#client = client;
    this.#deadlines = new Deadlines(() => client.lose());
    this.#timer = setInterval(() => void this.ping().catch(() => undefined), PING_EVERY_MS);
    this.#timer.unref();
  }

  static async open({ location, hosts, channels, onMissed }: Options): Promise<Subscription> {
    const client = await KeptOpen.open<Client>({
      open: async (onLost) => {
        const opened = await connectToAny(location, shuffled(hosts()), onLost);
        return orDestroyed(opened, async () => {
          for (const [channel, onText] of Object.entries(channels)) await opened.subscribe(channel, onText);
          return opened;
        });
      },
      onReopened: onMissed,
    });
    return new Subscription(client);
  }

  /** Resolves once everything that was published at this node before has been heard. */
  async ping(): Promise<void> {
    const client = this.#client.current;
    if (client !== undefined) await this.#deadlines.watch(client.ping());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#deadlines.stop();
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
