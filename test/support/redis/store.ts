import type { Store } from '../../../src/signalling/store.ts';
import { RedisStore } from '../../../src/store/redis/redis-store.ts';
import type { PersistentStore, OpenOptions } from '../store.ts';
import { ObservedStore } from './observed-store.ts';
import { copyKeys, deleteKeys, forgetMembership } from './keys.ts';
import { newPrefix, urlOf } from './urls.ts';
import type { RedisDeployment } from './redis-server.ts';

/** A store under its own prefix, whose keys are deleted with it. */
export const openRedisStore =
  (placeOf: () => RedisDeployment) =>
  async (options: OpenOptions): Promise<PersistentStore> => {
    const place = placeOf();
    const prefix = newPrefix();
    const open = async (clock = options.clock): Promise<ObservedStore> =>
      new ObservedStore(await RedisStore.open({ ...options, clock, url: urlOf(place, prefix) }), place.flush);
    let current = await open();
    const next = async (clock = options.clock): Promise<Store> => {
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
        await forgetMembership(place, prefix);
        return next(clock);
      },
      async copy() {
        await current.settled();
        const restore = await copyKeys(place, prefix);
        return async (clock?: OpenOptions['clock']) => {
          await current.close();
          await restore();
          await forgetMembership(place, prefix);
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
