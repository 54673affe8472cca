import { requireParticipant } from '../../signalling/authorize.ts';
import type { Handler } from '../call.ts';
import { ok } from '../reply.ts';
import { participantsJson } from '../views.ts';

export const listParticipants: Handler<'listParticipants'> = async ({ roomId, credential }, { signalling }) => {
  if (credential.kind !== 'api-key') requireParticipant(credential, roomId);
  return ok(`{"participants":${participantsJson(await signalling.participants(roomId))}}`);
};
