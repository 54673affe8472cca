import type { Clock } from '../signalling/clock.ts';
import type { Limits } from '../signalling/limits.ts';
import type { SignallingStore } from '../signalling/store.ts';
import type { Telemetry } from '../signalling/telemetry.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { StoreError } from './store-error.ts';

/** Where the store is. */
export type StoreLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'redis'; readonly url: string };

export interface StoreOptions {
  readonly location: StoreLocation;
  readonly sqliteSynchronous: 'full' | 'normal';
  readonly limits: Limits;
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
}

/** @throws StoreError with one clear line when the store cannot be opened */
export function openStore(options: StoreOptions): SignallingStore {
  const { location } = options;
  if (location.kind === 'redis') throw new StoreError('this version has no Redis store yet; use sqlite:<path>');
  return SqliteStore.open({ ...options, path: location.path, synchronous: options.sqliteSynchronous });
}
