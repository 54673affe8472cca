import { SignallingError } from '../../signalling/errors.ts';
import { requireParticipant } from '../../signalling/identify.ts';
import type { Handler } from '../call.ts';
import { noContent } from '../reply.ts';

export const leaveRoom: Handler<'leaveRoom'> = async ({ roomId, participantId, bearer }, { signalling }) => {
  const own = bearer?.roomId === roomId && bearer.participantId === participantId;
  // A repeated leave: what it asks for is done.
  if (own && bearer.state === 'gone') return noContent;
  const caller = requireParticipant(bearer, roomId);
  if (!own) throw new SignallingError('forbidden', 'A token removes its own participant only.');
  await signalling.leave(caller);
  return noContent;
};
