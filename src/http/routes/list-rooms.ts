import type { RoomId } from '../../signalling/ids.ts';
import type { RoomList } from '../../wire/index.ts';
import type { Handler } from '../request/call.ts';
import { ok } from '../response/reply.ts';
import { timeOf } from '../response/json.ts';

export const listRooms: Handler<'listRooms'> = async ({ query }, { signalling }) => {
  const { rooms, next } = await signalling.rooms(query.after as RoomId | undefined, query.limit);
  const page: RoomList = {
    rooms: rooms.map(({ createdAtMs, ...room }) => ({ ...room, createdAt: timeOf(createdAtMs) })),
    ...(next !== undefined && { next }),
  };
  return ok(JSON.stringify(page));
};
