import type { RoomId } from '../../signalling/ids.ts';
import { isReserved } from '../../signalling/reserved.ts';
import { storeFull } from '../refusals.ts';
import type { SqliteContext } from './context.ts';

export const isFull = ({ directory, limits }: SqliteContext): boolean => directory.liveBytes >= limits.maxStoreBytes;

/** Joins and sends stop at the bound; whatever empties the store goes on. */
export function refuseWhenFull(context: SqliteContext, roomId: RoomId): void {
  if (isFull(context) && !isReserved(roomId)) throw storeFull();
}
