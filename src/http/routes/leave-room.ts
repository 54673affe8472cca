import { forbidden, requireParticipant } from '../../signalling/authorize.ts';
import type { Handler } from '../call.ts';
import { noContent } from '../reply.ts';

export const leaveRoom: Handler<'leaveRoom'> = async ({ roomId, participantId, credential }, { signalling }) => {
  if (credential.kind === 'api-key') {
    await signalling.remove(roomId, participantId);
    return noContent;
  }
  const own =
    credential.kind === 'participant' && credential.roomId === roomId && credential.participantId === participantId;
  // A repeated leave: what it asks for is done.
  if (own && credential.state === 'gone') return noContent;
  const caller = requireParticipant(credential, roomId);
  if (!own) throw forbidden('A token removes its own participant only.');
  await signalling.leave(caller);
  return noContent;
};
