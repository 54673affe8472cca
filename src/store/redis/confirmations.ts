import { unavailable } from '../refusals.ts';
import type { Client, Server } from './server.ts';

/** As long as a caller may wait for replicas beyond the commit itself. */
const WITHIN_MS = 1_000;
/** After too few answered, so long nobody waits for them again: everyone is told at once. */
const REST_MS = 1_000;

/**
 * `WAIT` (https://redis.io/commands/wait): how many replicas have what this connection wrote so far. It holds up its connection, so there is
 * one under way at a time, and those who come meanwhile share the next.
 */
export class Confirmations {
  readonly #replicas: number;
  readonly #underWay = new Map<Client, Promise<number>>();
  readonly #next = new Map<Client, Promise<number>>();
  #restUntil = -Infinity;

  constructor(replicas: number) {
    this.#replicas = replicas;
  }

  /**
   * After the answer to what is to be confirmed.
   * @throws SignallingError `storage-unavailable`: it is stored, but too few replicas are known to have it
   */
  async of(server: Server, key: string): Promise<void> {
    if (performance.now() < this.#restUntil) throw this.#tooFew('a moment ago');
    const count = await this.#ask(await server.clientFor(key));
    if (count >= this.#replicas) return;
    this.#restUntil = performance.now() + REST_MS;
    throw this.#tooFew(`${count}`);
  }

  #tooFew(count: string): Error {
    return unavailable(new Error(`too few of ${this.#replicas} replicas confirmed within ${WITHIN_MS} ms: ${count}`));
  }

  #ask(client: Client): Promise<number> {
    const underWay = this.#underWay.get(client);
    if (underWay === undefined) return this.#send(client);
    let next = this.#next.get(client);
    if (next === undefined) {
      next = underWay.then(
        () => this.#sendNext(client),
        () => this.#sendNext(client),
      );
      this.#next.set(client, next);
    }
    return next;
  }

  #sendNext(client: Client): Promise<number> {
    this.#next.delete(client);
    return this.#send(client);
  }

  #send(client: Client): Promise<number> {
    const asked = client.wait(this.#replicas, WITHIN_MS).finally(() => this.#underWay.delete(client));
    this.#underWay.set(client, asked);
    return asked;
  }
}
