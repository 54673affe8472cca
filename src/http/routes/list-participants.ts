import { requireParticipant } from '../../signalling/authorize.ts';
import type { Handler } from '../request/call.ts';
import { ok } from '../response/reply.ts';
import { participantsJson } from '../response/json.ts';

export const listParticipants: Handler<'listParticipants'> = async (
  { roomId, credential },
  { signalling, rosterReads },
) => {
  if (credential.kind !== 'api-key') {
    const { mailboxId } = requireParticipant(credential, roomId);
    const refusal = rosterReads.charge(mailboxId);
    if (refusal !== undefined) throw refusal;
  }
  return ok(`{"participants":${participantsJson(await signalling.participants(roomId))}}`);
};
