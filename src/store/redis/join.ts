import { type RoomId, isReserved } from '../../signalling/ids.ts';
import { IDEMPOTENCY_KEPT_MS, type Limits } from '../../signalling/limits.ts';
import { participantJoined } from '../../signalling/room-events.ts';
import type { Join, Joined } from '../../signalling/store.ts';
import { idempotencyKeyReused, participantExists, roomFull } from '../../signalling/errors.ts';
import { Joined as JoinedReply, Known } from './replies.ts';
import type { Argument, RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';

export async function join(rooms: RoomScripts, limits: Limits, request: Join): Promise<Joined> {
  const { roomId, participantId } = request;
  const wallMs = rooms.wallMs();
  const maxParticipants = isReserved(roomId) ? Number.MAX_SAFE_INTEGER : limits.maxParticipantsPerRoom;
  const { status, result } = await rooms.run(
    SCRIPTS.join,
    roomId,
    [...joinArguments(request), maxParticipants, joinedPayload(request, wallMs)],
    { confirmed: true, wallMs },
  );
  if (status === 'participant-exists') throw participantExists(participantId);
  if (status === 'room-full') throw roomFull(limits.maxParticipantsPerRoom);
  if (status === 'idempotency-key-reused') throw idempotencyKeyReused();
  // A replay returns the id of the first join, which differs from this one when the server chose both ids.
  const { participantId: joinedAs, mailboxId, departures, ...joined } = JoinedReply.parse(result);
  rooms.reportRemovals(roomId, departures);
  if (joined.resumed) rooms.forgetTokens(roomId);
  return { mailbox: { roomId, participantId: joinedAs, mailboxId }, ...joined };
}

function joinArguments(request: Join): Argument[] {
  const { participantId, resume, proof, profile, defaultIdleTimeoutMs, token, mailboxId, idempotency } = request;
  const isToken = proof.kind === 'token';
  return [
    ...[participantId, flag(resume)],
    ...[proof.kind, isToken ? proof.handle : '', flag(isToken && proof.mustBePresent === true)],
    ...[optional(profile.displayName), optional(profile.metadata)],
    ...[profile.idleTimeoutMs ?? '', defaultIdleTimeoutMs],
    ...[token.handle, token.digest, mailboxId],
    ...[idempotency?.scope ?? '', idempotency?.fingerprint ?? '', IDEMPOTENCY_KEPT_MS],
  ];
}

const flag = (value: boolean): string => (value ? '1' : '0');

/** Distinguishes an absent field, which stays unchanged, from an empty one. */
const optional = (text: string | undefined): string => (text === undefined ? '-' : `=${text}`);

/** Payload of the event for a new participant; a resume is not announced. */
function joinedPayload({ participantId, profile: { displayName, metadata } }: Join, joinedAtMs: number): string {
  return participantJoined({
    participantId,
    ...(displayName !== undefined && { displayName }),
    ...(metadata !== undefined && { metadata }),
    joinedAtMs,
    listening: false,
  }).payload;
}

export async function knowsJoin(rooms: RoomScripts, roomId: RoomId, scope: string): Promise<boolean> {
  const { result } = await rooms.run(SCRIPTS.knowsJoin, roomId, [scope]);
  return Known.parse(result)[0];
}
