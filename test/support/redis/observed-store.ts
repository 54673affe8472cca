import type { PollPresence, Store } from '../../../src/signalling/store.ts';
import type { RedisStore } from '../../../src/store/redis/redis-store.ts';
import { settleWith, type Remote } from '../clock.ts';

type Operation = (...args: unknown[]) => unknown;

/** Counts the requests of a store, so that a test can wait until all of them have been answered. */
export class ObservedStore implements Remote {
  readonly store: Store;
  asked = 0;
  readonly #redis: RedisStore;
  readonly #flush: (() => Promise<void>) | undefined;
  /** Number of requests at the last flush. */
  #flushed = 0;
  readonly #counting = new Map<Operation, Operation>();
  readonly #forget: () => void;

  /** @param flush resolves once everything that was published has reached the node where the store subscribes */
  constructor(redis: RedisStore, flush?: () => Promise<void>) {
    this.#redis = redis;
    this.#flush = flush;
    this.store = new Proxy(redis, { get: (target, name) => this.#get(target, name) });
    this.#forget = settleWith(this);
  }

  async settled(): Promise<void> {
    await this.#drain();
    if (this.#flush === undefined || this.#flushed === this.asked) return;
    this.#flushed = this.asked;
    await this.#flush();
    await this.#drain();
  }

  async close(): Promise<void> {
    this.#forget();
    await this.#redis.close();
  }

  /** Stops like a crash: the membership stays until it expires. */
  kill(): void {
    this.#forget();
    const { membership, subscription, connection } = this.#redis.parts;
    membership.stop();
    subscription.close();
    connection.close();
  }

  /** Resolves once no script is in flight, and every text that was published to this process has been handled. */
  async #drain(): Promise<void> {
    const { connection, subscription } = this.#redis.parts;
    await connection.drain();
    await subscription.ping().catch(() => undefined);
    await connection.drain();
  }

  #get(target: RedisStore, name: string | symbol): unknown {
    if (name === 'close') return () => this.close();
    const own: unknown = Reflect.get(target, name);
    // An operation that a test has replaced stays as it is, since the test may inspect it later.
    return typeof own === 'function' && !Object.hasOwn(target, name) ? this.#counted(own as Operation) : own;
  }

  #countedPoll(poll: PollPresence): PollPresence {
    return {
      hold: (...args) => {
        this.asked += 1;
        poll.hold(...args);
      },
      supersedeOthers: () => {
        this.asked += 1;
        poll.supersedeOthers();
      },
      end: (outcome) => {
        this.asked += 1;
        poll.end(outcome);
      },
    };
  }

  #counted(operation: Operation): Operation {
    const known = this.#counting.get(operation);
    if (known !== undefined) return known;
    const counted: Operation = (...args) => {
      this.asked += 1;
      const result = operation.apply(this.#redis, args);
      return operation === this.#redis.openPoll ? this.#countedPoll(result as PollPresence) : result;
    };
    this.#counting.set(operation, counted);
    return counted;
  }
}
