import { systemClock, type Clock } from '../signalling/clock.ts';
import type { Limits } from '../signalling/limits.ts';
import type { Store } from '../signalling/store.ts';
import type { Telemetry } from '../signalling/telemetry.ts';
import { backupDatabase, type Backup } from './sqlite/backup.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { StoreError } from './store-error.ts';

/** Where the store is. */
export type StoreLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'redis'; readonly url: string };

export interface StoreOptions {
  readonly location: StoreLocation;
  readonly sqliteSynchronous: 'full' | 'normal';
  readonly limits: Limits;
  /** Default: the system clock. */
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

/** @throws StoreError with one clear line when the store cannot be opened */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { location, clock = systemClock() } = options;
  if (location.kind === 'redis') {
    // perf: loads the Redis client and its scripts only where they are needed; 85 ms of a start.
    const { RedisStore } = await import('./redis/redis-store.ts');
    return RedisStore.open({ ...options, url: location.url });
  }
  return SqliteStore.open({ ...options, clock, path: location.path, synchronous: options.sqliteSynchronous });
}

/** @throws StoreError with one clear line when the store cannot be copied into a file */
export async function backupStore(location: StoreLocation, file: string): Promise<Backup> {
  if (location.kind === 'redis') throw new StoreError('a Redis store is backed up with the means of Redis');
  if (location.path === ':memory:') throw new StoreError('a store in memory cannot be backed up');
  return backupDatabase(location.path, file);
}
