import { createClient } from '@redis/client';
import { WAIT_TIMEOUT_MS } from '../wait-timeout.ts';

const CHANNEL = 'test-bus';

const clientAt = (port: number) =>
  createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false, connectTimeout: WAIT_TIMEOUT_MS } })
    .on('error', () => undefined)
    .connect();

type Client = Awaited<ReturnType<typeof clientAt>>;

/** The messages between the nodes of a cluster, which stay in order between any two nodes. */
export class ClusterBus {
  readonly #publishers: readonly Client[];
  readonly #subscribers: readonly Client[];
  readonly #waiting = new Map<string, () => void>();
  #count = 0;

  private constructor(publishers: readonly Client[], subscribers: readonly Client[]) {
    this.#publishers = publishers;
    this.#subscribers = subscribers;
  }

  static async open(ports: readonly number[]): Promise<ClusterBus> {
    const bus = new ClusterBus(await Promise.all(ports.map(clientAt)), await Promise.all(ports.map(clientAt)));
    for (const [to, subscriber] of bus.#subscribers.entries()) {
      await subscriber.subscribe(CHANNEL, (text) => bus.#waiting.get(`${text} ${to}`)?.());
    }
    return bus;
  }

  /** Resolves once everything published on any node before the call has reached every other node. */
  async flush(): Promise<void> {
    const round = (this.#count += 1);
    const heard: Promise<void>[] = [];
    for (const [from, publisher] of this.#publishers.entries()) {
      const text = `${process.pid} ${round} ${from}`;
      for (const to of this.#subscribers.keys()) heard.push(this.#hearing(`${text} ${to}`));
      heard.push(publisher.publish(CHANNEL, text).then(() => undefined));
    }
    await Promise.all(heard);
  }

  close(): void {
    for (const client of [...this.#publishers, ...this.#subscribers]) client.destroy();
  }

  async #hearing(key: string): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.set(key, resolve));
    this.#waiting.delete(key);
  }
}
