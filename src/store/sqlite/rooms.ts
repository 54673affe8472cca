import type { RoomId } from '../../signalling/ids.ts';
import { isReserved } from '../../signalling/reserved.ts';
import type { RoomSummary } from '../../signalling/store.ts';
import type { SqliteContext } from './context.ts';
import { remove } from './depart.ts';
import type { Tx } from './group-commit.ts';

export function listRooms(context: SqliteContext, after: RoomId | undefined, limit: number): readonly RoomSummary[] {
  const { statements, directory } = context;
  return statements.roomsBehind.all(after ?? '', limit).flatMap(({ room_id, created_at: createdAtMs }) => {
    const roomId = room_id as RoomId;
    if (isReserved(roomId)) return [];
    return [{ roomId, createdAtMs, participants: directory.rooms.get(roomId)?.participants.size ?? 0 }];
  });
}

/** Nobody is told of the others' departures: nobody stays to read of them. */
export function closeRoom(context: SqliteContext, tx: Tx, roomId: RoomId): void {
  for (const participant of [...(context.directory.rooms.get(roomId)?.participants.values() ?? [])]) {
    remove(context, tx, participant, 'removed');
  }
}
