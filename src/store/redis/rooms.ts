import type { RoomId } from '../../signalling/ids.ts';
import type { Participant } from '../../signalling/message.ts';
import type { RoomSummary } from '../../signalling/store.ts';
import type { Membership } from './membership.ts';
import { Departures, Roster, Summary, Swept } from './replies.ts';
import type { RoomIndex } from './room-index.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';
import type { SharedClock } from './shared-clock.ts';

/** Bounds one sweep of a room, since a script blocks every other room of its Redis. */
const MAX_DEPARTURES = 16;
const MAX_EXPIRATIONS = 64;

export async function participants(rooms: RoomScripts, roomId: RoomId): Promise<readonly Participant[]> {
  const { result } = await rooms.run(SCRIPTS.roster, roomId, []);
  return Roster.parse(result)[0];
}

/** Queries each room that the index names, since the index lags behind the rooms. */
export async function listRooms(
  rooms: RoomScripts,
  index: RoomIndex,
  after: RoomId | undefined,
  limit: number,
): Promise<readonly RoomSummary[]> {
  const found: RoomSummary[] = [];
  let last = after;
  while (found.length < limit) {
    const names = await index.names(last, limit);
    const summaries = await Promise.all(names.map((roomId) => summaryOf(rooms, roomId)));
    found.push(...summaries.filter((summary) => summary !== undefined));
    last = names.at(-1);
    if (names.length < limit) break;
  }
  return found.slice(0, limit);
}

async function summaryOf(rooms: RoomScripts, roomId: RoomId): Promise<RoomSummary | undefined> {
  const { result } = await rooms.run(SCRIPTS.summary, roomId, []);
  const [count, createdAt] = Summary.parse(result);
  return count === 0 ? undefined : { roomId, participants: count, createdAtMs: Number(createdAt) };
}

export async function closeRoom(rooms: RoomScripts, roomId: RoomId): Promise<void> {
  const { result } = await rooms.run(SCRIPTS.closeRoom, roomId, []);
  const [departures] = Departures.parse(result);
  rooms.reportRemovals(roomId, departures);
}

/** Sweeps one slice of the due rooms, which all processes share. @returns whether more rooms are due */
export async function sweep(
  rooms: RoomScripts,
  index: RoomIndex,
  membership: Membership,
  clock: SharedClock,
): Promise<boolean> {
  await membership.ensureCurrentEpoch();
  index.repeatUnreported();
  const { rooms: due, more } = await index.takeDue(clock.nowMs());
  const swept = await Promise.allSettled(due.map((roomId) => sweepRoom(rooms, roomId)));
  const failed = swept.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return more || swept.some((outcome) => outcome.status === 'fulfilled' && outcome.value);
}

async function sweepRoom(rooms: RoomScripts, roomId: RoomId): Promise<boolean> {
  const { result } = await rooms.run(SCRIPTS.sweep, roomId, [MAX_DEPARTURES, MAX_EXPIRATIONS]);
  const [departures, expirations] = Swept.parse(result);
  rooms.reportRemovals(roomId, departures, expirations);
  return departures.length === MAX_DEPARTURES || expirations.length === MAX_EXPIRATIONS;
}
