import type { Handler } from '../request/call.ts';
import { noContent } from '../response/reply.ts';

export const closeRoom: Handler<'closeRoom'> = async ({ roomId }, { signalling }) => {
  await signalling.closeRoom(roomId);
  return noContent;
};
