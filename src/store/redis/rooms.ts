import type { RoomId } from '../../signalling/ids.ts';
import type { RoomSummary } from '../../signalling/store.ts';
import { Departures, Summary } from './replies.ts';
import type { RoomIndex } from './room-index.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';

/** The index follows the rooms a moment later: each room that it names is asked itself. */
export async function listRooms(
  rooms: RoomScripts,
  index: RoomIndex,
  after: RoomId | undefined,
  limit: number,
): Promise<readonly RoomSummary[]> {
  const found: RoomSummary[] = [];
  let behind = after;
  while (found.length < limit) {
    const names = await index.names(behind, limit);
    const summaries = await Promise.all(names.map((roomId) => summaryOf(rooms, roomId)));
    found.push(...summaries.filter((summary) => summary !== undefined));
    behind = names.at(-1);
    if (names.length < limit) break;
  }
  return found.slice(0, limit);
}

async function summaryOf(rooms: RoomScripts, roomId: RoomId): Promise<RoomSummary | undefined> {
  const { said } = await rooms.run(SCRIPTS.summary, roomId, []);
  const [participants, createdAt] = Summary.parse(said);
  return participants === 0 ? undefined : { roomId, participants, createdAtMs: Number(createdAt) };
}

export async function closeRoom(rooms: RoomScripts, roomId: RoomId): Promise<void> {
  const { said } = await rooms.run(SCRIPTS.closeRoom, roomId, []);
  const [departures] = Departures.parse(said);
  rooms.tell(roomId, departures);
}
