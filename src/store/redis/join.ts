import { IDEMPOTENCY_KEPT_MS, type Limits } from '../../signalling/limits.ts';
import { isReserved } from '../../signalling/reserved.ts';
import { participantJoined } from '../../signalling/room-events.ts';
import type { Join, Joined } from '../../signalling/store.ts';
import { keyReused, participantExists, roomFull } from '../refusals.ts';
import { Joined as JoinedReply } from './replies.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';

export async function join(rooms: RoomScripts, limits: Limits, request: Join): Promise<Joined> {
  const { roomId, participantId } = request;
  const wallMs = rooms.wallMs();
  const maxParticipants = isReserved(roomId) ? Number.MAX_SAFE_INTEGER : limits.maxParticipantsPerRoom;
  const { status, said } = await rooms.run(
    SCRIPTS.join,
    roomId,
    [...identity(request), ...profile(request), ...mailbox(request), maxParticipants, announcement(request, wallMs)],
    { confirmed: true, wallMs },
  );
  if (status === 'participant-exists') throw participantExists(participantId);
  if (status === 'room-full') throw roomFull(limits.maxParticipantsPerRoom);
  if (status === 'idempotency-key-reused') throw keyReused();
  // Of a replayed join it is the first one's name, which may be another if the caller left it to us.
  const { participantId: joinedAs, mailboxId, departures, ...joined } = JoinedReply.parse(said);
  rooms.tell(roomId, departures);
  if (joined.resumed) rooms.forgetTokens(roomId);
  return { mailbox: { roomId, participantId: joinedAs, mailboxId }, ...joined };
}

function identity({ participantId, resume, proof }: Join): readonly string[] {
  const isToken = proof.kind === 'token';
  const handle = isToken ? proof.handle : '';
  return [participantId, resume ? '1' : '0', proof.kind, handle, isToken && proof.mustBePresent ? '1' : '0'];
}

/** Absent is not the same as empty. */
const optional = (text: string | undefined): string => (text === undefined ? '-' : `=${text}`);

function profile({ profile: { displayName, metadata, idleTimeoutMs }, defaultIdleTimeoutMs }: Join) {
  return [optional(displayName), optional(metadata), idleTimeoutMs ?? '', defaultIdleTimeoutMs];
}

function mailbox({ token, mailboxId, idempotency }: Join) {
  const { scope = '', fingerprint = '' } = idempotency ?? {};
  return [token.handle, token.digest, mailboxId, scope, fingerprint, IDEMPOTENCY_KEPT_MS];
}

/** Of somebody new; who resumes is not announced. */
function announcement({ participantId, profile: { displayName, metadata } }: Join, joinedAtMs: number): string {
  return participantJoined({
    participantId,
    ...(displayName !== undefined && { displayName }),
    ...(metadata !== undefined && { metadata }),
    joinedAtMs,
    listening: false,
  }).payload;
}
