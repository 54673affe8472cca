import { test } from '@jest/globals';
import type { Store } from '../../src/signalling/store.ts';
import type { StoreLocation } from '../../src/store/open-store.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { ClusterBus } from './redis/cluster-bus.ts';
import { ObservedStore } from './redis/observed-store.ts';
import { urlFromSetup } from './redis/run-wide.ts';
import { newPrefix, urlOf } from './redis/urls.ts';

type Name = 'sqlite' | 'redis' | 'redis-cluster';

/** The store of this run: jest.config.js runs the contract tests on each store. */
const STORE_OF_RUN: Name = (globalThis as { TEST_STORE?: Name }).TEST_STORE ?? 'sqlite';

/** The location of a new and empty store of this run. */
export function newStore(): StoreLocation {
  if (STORE_OF_RUN === 'sqlite') return { kind: 'sqlite', path: ':memory:' };
  return { kind: 'redis', url: urlOf({ url: urlFromSetup(STORE_OF_RUN) }, newPrefix()) };
}

/** Makes `TestClock` wait for the responses of a store that is remote. */
export function settling(store: Store): Store {
  return store instanceof RedisStore ? new ObservedStore(store, flush).store : store;
}

const skipped = Object.assign(() => undefined, { each: () => () => undefined });

/** `test` for behaviour of SQLite only; skipped in runs on other stores. */
export const testOnSqlite = STORE_OF_RUN === 'sqlite' ? test : skipped;

let bus: Promise<ClusterBus> | undefined;

const flush = STORE_OF_RUN === 'redis-cluster' ? async () => (await (bus ??= openBus())).flush() : undefined;

/** The connections are not closed; they end with the test process. */
function openBus(): Promise<ClusterBus> {
  const ports = [...urlFromSetup(STORE_OF_RUN).matchAll(/:(\d+)/g)].map(([, port]) => Number(port));
  return ClusterBus.open(ports);
}
