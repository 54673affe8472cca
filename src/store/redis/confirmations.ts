import { unavailable } from '../refusals.ts';
import type { Client, Server } from './server.ts';

/** As long as a caller may wait for replicas beyond the commit itself. */
const WITHIN_MS = 1_000;

/**
 * `WAIT` (https://redis.io/commands/wait): how many replicas have what this connection wrote so far. All writes of one turn of the event
 * loop share one, since it holds up its connection.
 */
export class Confirmations {
  readonly #replicas: number;
  readonly #asked = new Map<Client, Promise<number>>();

  constructor(replicas: number) {
    this.#replicas = replicas;
  }

  /** @throws SignallingError `storage-unavailable`: it is stored, but too few replicas are known to have it */
  async of(server: Server, key: string, answer: Promise<unknown>): Promise<void> {
    const client = await server.clientFor(key);
    const [count] = await Promise.all([this.#ask(client), answer]);
    if (count >= this.#replicas) return;
    throw unavailable(new Error(`${count} instead of ${this.#replicas} replicas confirmed within ${WITHIN_MS} ms`));
  }

  #ask(client: Client): Promise<number> {
    const asked = this.#asked.get(client);
    if (asked !== undefined) return asked;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#asked.set(client, promise);
    setImmediate(() => {
      this.#asked.delete(client);
      client.wait(this.#replicas, WITHIN_MS).then(Number).then(resolve, reject);
    });
    return promise;
  }
}
