import { storeUnavailable } from '../../signalling/errors.ts';
import type { Client } from './primary.ts';
import type { Server } from './server.ts';

/** How long a caller waits for replicas after the commit itself. */
const TIMEOUT_MS = 1_000;
/** After a failed WAIT, fail fast for this long. */
const FAIL_FAST_MS = 1_000;

/**
 * `WAIT` (https://redis.io/commands/wait) returns how many replicas have everything that this connection wrote so far.
 * It blocks its connection, so only one `WAIT` is in flight at a time, and all callers that arrive meanwhile share the
 * next one.
 */
export class Replication {
  readonly #replicas: number;
  readonly #inFlight = new Map<Client, Promise<number>>();
  readonly #next = new Map<Client, Promise<number>>();
  #failFastUntil = -Infinity;

  constructor(replicas: number) {
    this.#replicas = replicas;
  }

  /**
   * Call after the reply to the write, with the server that the write went to.
   * @throws SignallingError `storage-unavailable`: the write is stored, but too few replicas have confirmed it
   */
  async waitForReplicas(server: Server, key: string): Promise<void> {
    if (performance.now() < this.#failFastUntil) throw this.#tooFew('a moment ago');
    const count = await this.#wait(await server.clientFor(key));
    if (count >= this.#replicas) return;
    this.#failFastUntil = performance.now() + FAIL_FAST_MS;
    throw this.#tooFew(`${count}`);
  }

  #tooFew(count: string): Error {
    return storeUnavailable(
      new Error(`too few of ${this.#replicas} replicas confirmed within ${TIMEOUT_MS} ms: ${count}`),
    );
  }

  #wait(client: Client): Promise<number> {
    const inFlight = this.#inFlight.get(client);
    if (inFlight === undefined) return this.#send(client);
    let next = this.#next.get(client);
    if (next === undefined) {
      const sendNext = (): Promise<number> => this.#sendNext(client);
      next = inFlight.then(sendNext, sendNext);
      this.#next.set(client, next);
    }
    return next;
  }

  #sendNext(client: Client): Promise<number> {
    this.#next.delete(client);
    return this.#send(client);
  }

  #send(client: Client): Promise<number> {
    const sent = client.wait(this.#replicas, TIMEOUT_MS).finally(() => this.#inFlight.delete(client));
    this.#inFlight.set(client, sent);
    return sent;
  }
}
