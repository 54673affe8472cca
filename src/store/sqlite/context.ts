import type { Clock } from '../../signalling/clock.ts';
import { type RoomId, isReserved } from '../../signalling/ids.ts';
import type { Limits } from '../../signalling/limits.ts';
import type { Telemetry } from '../../signalling/telemetry.ts';
import { storeFull } from '../../signalling/errors.ts';
import type { MemoryIndex } from './memory-index.ts';
import type { Statements } from './statements.ts';

/** The dependencies of every operation of the adapter. */
export interface SqliteContext {
  readonly statements: Statements;
  readonly index: MemoryIndex;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly telemetry: Telemetry;
}

export const isFull = ({ index, limits }: SqliteContext): boolean => index.totals.liveBytes >= limits.maxStoreBytes;

/**
 * Joins and sends stop at the bound; operations that free space continue.
 * @throws SignallingError `storage-unavailable`
 */
export function refuseWhenFull(context: SqliteContext, roomId: RoomId): void {
  if (isFull(context) && !isReserved(roomId)) throw storeFull();
}
