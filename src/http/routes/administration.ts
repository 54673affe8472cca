import type { RoomId } from '../../signalling/ids.ts';
import type { RoomList } from '../../wire/index.ts';
import type { Handler } from '../request/call.ts';
import { timeOf } from '../response/json.ts';
import { noContent, ok } from '../response/reply.ts';
import { noTrace } from '../response/request-problem.ts';

export const listRooms: Handler<'listRooms'> = async ({ query }, { signalling }) => {
  const { rooms, next } = await signalling.rooms(query.after as RoomId | undefined, query.limit);
  const page: RoomList = {
    rooms: rooms.map(({ createdAtMs, ...room }) => ({ ...room, createdAt: timeOf(createdAtMs) })),
    ...(next !== undefined && { next }),
  };
  return ok(JSON.stringify(page));
};

export const closeRoom: Handler<'closeRoom'> = async ({ roomId }, { signalling }) => {
  await signalling.closeRoom(roomId);
  return noContent;
};

export const traceRoom: Handler<'traceRoom'> = ({ roomId }, { observability }) => {
  const body = observability.trace(roomId);
  if (body === undefined) throw noTrace();
  return { status: 200, mediaType: 'text/plain; charset=utf-8', body };
};
