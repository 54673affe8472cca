import { requireParticipant } from '../../signalling/identify.ts';
import type { Handler } from '../call.ts';
import { ok } from '../reply.ts';
import { participantsJson } from '../views.ts';

export const listParticipants: Handler<'listParticipants'> = async ({ roomId, bearer }, { signalling }) => {
  requireParticipant(bearer, roomId);
  return ok(`{"participants":${participantsJson(await signalling.participants(roomId))}}`);
};
