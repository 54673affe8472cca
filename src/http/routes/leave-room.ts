import type { Call, Handler } from '../request/call.ts';
import type { Edge } from '../context.ts';
import { noContent, type Reply } from '../response/reply.ts';

type Leave = Pick<Call<'leaveRoom'>, 'roomId' | 'participantId' | 'credential' | 'caller'>;

const leave = async ({ roomId, participantId, credential, caller }: Leave, { signalling }: Edge): Promise<Reply> => {
  if (credential.kind === 'api-key') await signalling.remove(roomId, participantId);
  // A token that has outlived its participant repeats a leave: there is nothing left to do.
  else if (caller !== undefined) await signalling.leave(caller);
  return noContent;
};

export const leaveRoom: Handler<'leaveRoom'> = leave;
export const leaveRoomByPost: Handler<'leaveRoomByPost'> = leave;
