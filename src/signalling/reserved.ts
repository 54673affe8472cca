import type { RoomId } from './ids.ts';

/** Outside the pattern of public room ids, so that no caller can name such a room. */
const MARK = '~';

/** The room in which the service sends messages to itself, to see whether they arrive. */
export const CANARY_ROOM = `${MARK}canary` as RoomId;

/** Rooms of the service's own: in no list and no count, and no limit applies to them. */
export const isReserved = (roomId: RoomId): boolean => roomId.startsWith(MARK);
