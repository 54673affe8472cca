import { systemClock, type Clock } from '../signalling/clock.ts';
import type { Limits } from '../signalling/limits.ts';
import type { SignallingStore } from '../signalling/store.ts';
import type { Telemetry } from '../signalling/telemetry.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';

/** Where the store is. */
export type StoreLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'redis'; readonly url: string };

export interface StoreOptions {
  readonly location: StoreLocation;
  readonly sqliteSynchronous: 'full' | 'normal';
  readonly limits: Limits;
  /** Absent: the system's. */
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

/** @throws StoreError with one clear line when the store cannot be opened */
export async function openStore(options: StoreOptions): Promise<SignallingStore> {
  const { location, clock = systemClock() } = options;
  if (location.kind === 'redis') {
    // Its client and its scripts are read only where there is a Redis: 85 ms of a start.
    const { RedisStore } = await import('./redis/redis-store.ts');
    return RedisStore.open({ ...options, url: location.url });
  }
  return SqliteStore.open({ ...options, clock, path: location.path, synchronous: options.sqliteSynchronous });
}
