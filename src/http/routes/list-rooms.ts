import type { RoomId } from '../../signalling/ids.ts';
import type { RoomList } from '../../wire/index.ts';
import type { Handler } from '../call.ts';
import { ok } from '../reply.ts';
import { timeOf } from '../views.ts';

export const listRooms: Handler<'listRooms'> = async ({ query }, { signalling }) => {
  const { rooms, next } = await signalling.rooms(query.after as RoomId | undefined, query.limit);
  const page: RoomList = {
    rooms: rooms.map(({ createdAtMs, ...room }) => ({ ...room, createdAt: timeOf(createdAtMs) })),
    ...(next !== undefined && { next }),
  };
  return ok(JSON.stringify(page));
};
