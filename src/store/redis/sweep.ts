import type { RoomId } from '../../signalling/ids.ts';
import type { Fleet } from './fleet.ts';
import { Swept } from './replies.ts';
import type { RoomIndex } from './room-index.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';

/** A script holds up every other room of its Redis: at most so many in one. */
const DEPARTURES_AT_ONCE = 16;
const EXPIRATIONS_AT_ONCE = 64;

/** One slice: the rooms that are due now, shared with the other processes. @returns whether more is due */
export async function sweep(rooms: RoomScripts, index: RoomIndex, fleet: Fleet): Promise<boolean> {
  await fleet.confirmEra();
  index.repeatUnsaid();
  const { rooms: due, more } = await index.takeDue(fleet.nowMs());
  const swept = await Promise.allSettled(due.map((roomId) => sweepRoom(rooms, roomId)));
  const failed = swept.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return more || swept.some((outcome) => outcome.status === 'fulfilled' && outcome.value);
}

async function sweepRoom(rooms: RoomScripts, roomId: RoomId): Promise<boolean> {
  const { said } = await rooms.run(SCRIPTS.sweep, roomId, [DEPARTURES_AT_ONCE, EXPIRATIONS_AT_ONCE]);
  const [departures, expirations] = Swept.parse(said);
  rooms.tell(roomId, departures, expirations);
  return departures.length === DEPARTURES_AT_ONCE || expirations.length === EXPIRATIONS_AT_ONCE;
}
