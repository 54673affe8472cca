import { SignallingError } from '../../signalling/errors.ts';
import type { SqliteContext } from './context.ts';

/** Joins and sends stop at the bound; whatever empties the store goes on. */
export function refuseWhenFull(context: SqliteContext, addedBytes = 0): void {
  if (context.directory.liveBytes + addedBytes < context.limits.maxStoreBytes) return;
  throw new SignallingError(
    'storage-unavailable',
    'The message store is full. Try again when messages were read or have expired.',
  );
}
