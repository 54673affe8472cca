import type { StoreLocation } from './open-store.ts';
import { backupDatabase, type Backup } from './sqlite/backup.ts';
import { StoreError } from './store-error.ts';

/** @throws StoreError with one clear line when there is nothing that could be copied into a file, or it cannot be done */
export function backupStore(location: StoreLocation, file: string): Promise<Backup> {
  if (location.kind === 'redis') throw new StoreError('a Redis store is backed up with the means of Redis');
  if (location.path === ':memory:') throw new StoreError('a store in memory cannot be backed up');
  return backupDatabase(location.path, file);
}
