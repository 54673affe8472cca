import type { JsonText, ParticipantId } from '../../signalling/ids.ts';
import type { Handler } from '../request/call.ts';
import { created } from '../response/reply.ts';
import { joinResultJson } from '../response/json.ts';

export const joinRoom: Handler<'joinRoom'> = async (
  { roomId, body, credential, idempotency, req, subject },
  { signalling, settings, iceServersFor, clientAddressOf },
) => {
  const { participantId, displayName, metadata, idleTimeoutSeconds, resume = false } = body;
  const outcome = await signalling.join(
    {
      roomId,
      ...(participantId === undefined ? {} : { participantId: participantId as ParticipantId }),
      resume,
      source: clientAddressOf(req),
      profile: {
        ...(displayName === undefined ? {} : { displayName }),
        ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) as JsonText }),
        ...(idleTimeoutSeconds === undefined ? {} : { idleTimeoutMs: idleTimeoutSeconds * 1_000 }),
      },
    },
    credential,
    idempotency,
  );
  subject.participantId = outcome.mailbox.participantId;
  const { iceServers } = iceServersFor(outcome.mailbox.participantId);
  return created(joinResultJson(outcome, iceServers, settings), outcome.replayed);
};
