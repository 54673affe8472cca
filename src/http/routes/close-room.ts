import type { Handler } from '../call.ts';
import { noContent } from '../reply.ts';

export const closeRoom: Handler<'closeRoom'> = async ({ roomId }, { signalling }) => {
  await signalling.closeRoom(roomId);
  return noContent;
};
