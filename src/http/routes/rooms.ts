import { requireParticipant } from '../../signalling/access.ts';
import type { Awaitable } from '../../signalling/deferred.ts';
import type { JsonText, ParticipantId } from '../../signalling/ids.ts';
import type { AppContext } from '../context.ts';
import type { Call, Handler } from '../request/call.ts';
import { joinResultJson, participantsJson } from '../response/json.ts';
import { created, noContent, ok, type Reply } from '../response/reply.ts';

export const joinRoom: Handler<'joinRoom'> = (call, { signalling, settings, iceServersFor, clientAddressOf }) => {
  const { roomId, body, credential, idempotency, req } = call;
  const { participantId, displayName, metadata, idleTimeoutSeconds, resume = false } = body;
  const request = {
    roomId,
    ...(participantId === undefined ? {} : { participantId: participantId as ParticipantId }),
    resume,
    clientAddress: clientAddressOf(req),
    profile: {
      ...(displayName === undefined ? {} : { displayName }),
      ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) as JsonText }),
      ...(idleTimeoutSeconds === undefined ? {} : { idleTimeoutMs: idleTimeoutSeconds * 1_000 }),
    },
  };
  return signalling.join(request, credential, idempotency).then((outcome) => {
    call.subject = outcome.mailbox.participantId;
    const { iceServers } = iceServersFor(outcome.mailbox.participantId);
    return created(joinResultJson(outcome, iceServers, settings), outcome.replayed);
  });
};

export const listParticipants: Handler<'listParticipants'> = async (
  { roomId, credential },
  { signalling, rosterReads },
) => {
  if (credential.kind !== 'api-key') {
    const { mailboxId } = requireParticipant(credential, roomId);
    const refusal = rosterReads.consume(mailboxId);
    if (refusal !== undefined) throw refusal;
  }
  return ok(`{"participants":${participantsJson(await signalling.participants(roomId))}}`);
};

export const leaveRoom: Handler<'leaveRoom'> = (call, context) => leave(call, context);

export const leaveRoomByPost: Handler<'leaveRoomByPost'> = (call, context) => leave(call, context);

type LeaveCall = Pick<Call<'leaveRoom'>, 'roomId' | 'participantId' | 'credential' | 'caller'>;

function leave({ roomId, participantId, credential, caller }: LeaveCall, { signalling }: AppContext): Awaitable<Reply> {
  if (credential.kind === 'api-key') return signalling.remove(roomId, participantId).then(() => noContent);
  // A participant that has already left repeats the request; there is nothing left to do.
  return caller === undefined ? noContent : signalling.leave(caller).then(() => noContent);
}

export const getIceServers: Handler<'getIceServers'> = ({ caller }, { iceServersFor }) =>
  ok(JSON.stringify(iceServersFor(caller.participantId)));
