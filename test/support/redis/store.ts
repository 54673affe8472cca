import type { SignallingStore } from '../../../src/signalling/store.ts';
import { RedisStore } from '../../../src/store/redis/redis-store.ts';
import { settleWith, type Remote } from '../clock.ts';
import type { LastingStore, OpenOptions } from '../store.ts';
import { copyKeys, deleteKeys, forgetFleet } from './keys.ts';
import { newPrefix, urlOf } from './place.ts';
import type { RedisPlace } from './redis-server.ts';

/** A store under a prefix of its own, all of which goes with it. */
export const openRedisStore =
  (placeOf: () => RedisPlace) =>
  async (options: OpenOptions): Promise<LastingStore> => {
    const place = placeOf();
    const prefix = newPrefix();
    const open = async (clock = options.clock): Promise<Counted> =>
      new Counted(await RedisStore.open({ ...options, clock, url: urlOf(place, prefix) }), place);
    let current = await open();
    const next = async (clock = options.clock): Promise<SignallingStore> => {
      current = await open(clock);
      return (opened.store = current.store);
    };
    const opened = {
      store: current.store,
      async reopen(clock?: OpenOptions['clock']) {
        await current.close();
        return next(clock);
      },
      async kill(clock?: OpenOptions['clock']) {
        current.kill();
        await forgetFleet(place, prefix);
        return next(clock);
      },
      async copy() {
        await current.settled();
        const restore = await copyKeys(place, prefix);
        return async (clock?: OpenOptions['clock']) => {
          await current.close();
          await restore();
          await forgetFleet(place, prefix);
          return next(clock);
        };
      },
      async close() {
        await current.close();
        await deleteKeys(place, prefix);
      },
    };
    return opened;
  };

/** Counts what the store is asked for, so that a test can wait until all of it has been answered. */
export class Counted implements Remote {
  readonly store: SignallingStore;
  asked = 0;
  readonly #redis: RedisStore;
  readonly #place: RedisPlace;
  readonly #forget: () => void;

  constructor(redis: RedisStore, place: RedisPlace) {
    this.#redis = redis;
    this.#place = place;
    this.store = this.#counting(redis);
    this.#forget = settleWith(this);
  }

  async settled(): Promise<void> {
    await this.#redis.settled();
    if (this.#place.flush === undefined) return;
    await this.#place.flush();
    await this.#redis.settled();
  }

  async close(): Promise<void> {
    this.#forget();
    await this.#redis.close();
  }

  kill(): void {
    this.#forget();
    this.#redis.disconnect();
  }

  #counting(redis: RedisStore): SignallingStore {
    type Operation = (...args: unknown[]) => unknown;
    const counted = new Map<Operation, Operation>();
    const counting = (operation: Operation): Operation => {
      const known = counted.get(operation);
      if (known !== undefined) return known;
      const one: Operation = (...args) => {
        this.asked += 1;
        return operation.apply(redis, args);
      };
      counted.set(operation, one);
      return one;
    };
    return new Proxy(redis, {
      get(target, name) {
        const own: unknown = Reflect.get(target, name);
        return typeof own === 'function' ? counting(own as Operation) : own;
      },
    });
  }
}
