import { test } from '@jest/globals';
import type { StoreAdapter } from '../../src/signalling/store.ts';
import type { StoreLocation } from '../../src/store/open-store.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { ClusterBus } from './redis/cluster-bus.ts';
import { ObservedStore } from './redis/observed-store.ts';
import { urlFromSetup } from './redis/run-wide.ts';
import { newPrefix, urlOf } from './redis/urls.ts';

type Name = 'sqlite' | 'redis' | 'redis-cluster';

/** Which store the services of this run are on: jest.config.js runs the tests of the contract on each. */
const STORE_OF_RUN: Name = (globalThis as { TEST_STORE?: Name }).TEST_STORE ?? 'sqlite';

/** A new and empty store of that kind. */
export function newStore(): StoreLocation {
  if (STORE_OF_RUN === 'sqlite') return { kind: 'sqlite', path: ':memory:' };
  return { kind: 'redis', url: urlOf({ url: urlFromSetup(STORE_OF_RUN) }, newPrefix()) };
}

/** The opened store, for which a turned clock waits if it answers over a network. */
export function settling(store: StoreAdapter): StoreAdapter {
  return store instanceof RedisStore ? new ObservedStore(store, flush).store : store;
}

const leftOut = Object.assign(() => undefined, { each: () => () => undefined });

/** `test`, for what is about SQLite itself; left out of the runs on other stores. */
export const testOnSqlite = STORE_OF_RUN === 'sqlite' ? test : leftOut;

let bus: Promise<ClusterBus> | undefined;

const flush = STORE_OF_RUN === 'redis-cluster' ? async () => (await (bus ??= openBus())).flush() : undefined;

/** Its connections end with the process that runs the file. */
function openBus(): Promise<ClusterBus> {
  const ports = [...urlFromSetup(STORE_OF_RUN).matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  return ClusterBus.open(ports);
}
