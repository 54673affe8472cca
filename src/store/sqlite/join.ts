import {
  participantGone,
  type SignallingError,
  idempotencyKeyReused,
  participantExists,
  roomFull,
} from '../../signalling/errors.ts';
import { IDEMPOTENCY_KEPT_MS } from '../../signalling/limits.ts';
import { participantJoined, participantLeft } from '../../signalling/room-events.ts';
import type { Join, Joined } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import { refuseWhenFull, type SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import { EMPTY_MAILBOX } from './mailbox.ts';
import type { ParticipantRecord, RoomRecord } from './records.ts';
import { endHeldPolls, endMailbox } from './remove.ts';
import { announce } from './room-events.ts';
import { forgetJoinKey, mint, replaceTokens } from './tokens.ts';

export function join(context: SqliteContext, tx: Tx, request: Join): Joined {
  const known = findOutcome(context, request);
  if (known !== undefined) return replay(context, tx, request, known);

  const room = context.index.rooms.get(request.roomId);
  const present = room?.participants.get(request.participantId);
  if (present === undefined) {
    if (request.proof.kind === 'token' && request.proof.mustBePresent) throw goneBy(context, request.proof.handle);
    return enter(context, tx, request, room);
  }
  if (!proves(request.proof, present)) throw participantExists(request.participantId);
  return request.resume ? resume(context, tx, request, present) : restart(context, tx, request, present);
}

interface Outcome {
  readonly participant: ParticipantRecord;
  readonly resumed: boolean;
}

/** The outcome of the first join with this idempotency key. */
function findOutcome({ statements, index, clock }: SqliteContext, { idempotency }: Join): Outcome | undefined {
  if (idempotency === undefined) return undefined;
  const row = statements.findJoin.get(idempotency.scope);
  const participant = row === undefined ? undefined : index.byRow(row.participantRow);
  if (row === undefined || participant === undefined || row.forgetAtMs <= clock.steadyMs()) return undefined;
  if (row.fingerprint !== idempotency.fingerprint) throw idempotencyKeyReused();
  return { participant, resumed: row.resumed === 1 };
}

export function knowsJoin({ statements, clock }: SqliteContext, scope: string): boolean {
  const row = statements.findJoin.get(scope);
  return row !== undefined && row.forgetAtMs > clock.steadyMs();
}

function goneBy(context: SqliteContext, handle: TokenHandle): SignallingError {
  const token = context.index.tokens.get(handle);
  return participantGone(token?.state === 'gone' ? token.reason : 'left');
}

const proves = (proof: Join['proof'], present: ParticipantRecord): boolean =>
  proof.kind === 'trusted' || (proof.kind === 'token' && present.tokens.some((token) => token.handle === proof.handle));

/** A retry of a join whose reply was lost: mints another token for the same participant, and announces nothing. */
function replay(context: SqliteContext, tx: Tx, request: Join, { participant, resumed }: Outcome): Joined {
  tx.touch(request.roomId);
  mint(context, participant, request.token);
  context.index.restartIdleTime(participant, context.clock.steadyMs());
  return joinedAs(context, participant, { resumed, replayed: true });
}

function enter(context: SqliteContext, tx: Tx, request: Join, room: RoomRecord | undefined): Joined {
  if (room !== undefined && room.participants.size >= context.limits.maxParticipantsPerRoom) {
    throw roomFull(context.limits.maxParticipantsPerRoom);
  }
  refuseWhenFull(context, request.roomId);
  tx.touch(request.roomId);
  const participant = addParticipant(context, request, room?.row ?? addRoom(context, request));
  announceJoined(context, tx, participant);
  return complete(context, request, participant, false);
}

/** Keeps the mailbox, and the profile fields that the request omits. Announces nothing. */
function resume(context: SqliteContext, tx: Tx, request: Join, present: ParticipantRecord): Joined {
  tx.touch(request.roomId);
  present.displayName = request.profile.displayName ?? present.displayName;
  present.metadata = request.profile.metadata ?? present.metadata;
  present.idleTimeoutMs = request.profile.idleTimeoutMs ?? present.idleTimeoutMs;
  context.statements.updateProfile.run(
    present.displayName ?? null,
    present.metadata ?? null,
    present.idleTimeoutMs,
    present.row,
  );
  replaceTokens(context, present, present);
  endHeldPolls(tx, present, 'replaced');
  context.index.restartIdleTime(present, context.clock.steadyMs());
  return complete(context, request, present, true);
}

/** A new mailbox for an existing name: the new run never receives messages that a crashed run left unread. */
function restart(context: SqliteContext, tx: Tx, request: Join, present: ParticipantRecord): Joined {
  tx.touch(request.roomId);
  endMailbox(context, tx, present, 'replaced');
  context.index.removeParticipant(present);
  // The old row keeps its tokens, without its name, until they have moved to the new row.
  context.statements.unnameParticipant.run(present.row);
  const participant = addParticipant(context, request, present.room.row);
  participant.budgetFullAtMs = present.budgetFullAtMs;
  replaceTokens(context, present, participant);
  context.statements.deleteParticipant.run(present.row);
  endHeldPolls(tx, present, 'replaced');
  const { room, participantId } = participant;
  announce(context, tx, { room, about: participantId }, participantLeft(participantId, 'replaced'));
  announceJoined(context, tx, participant);
  return complete(context, request, participant, false);
}

/** Mints the token and keeps the outcome under the idempotency key. */
function complete(context: SqliteContext, request: Join, participant: ParticipantRecord, resumed: boolean): Joined {
  forgetJoinKey(context, participant);
  mint(context, participant, request.token);
  if (request.idempotency !== undefined) {
    const { scope, fingerprint } = request.idempotency;
    const forgetAtMs = Math.floor(context.clock.steadyMs() + IDEMPOTENCY_KEPT_MS);
    context.statements.keepJoin.run(scope, fingerprint, participant.row, resumed ? 1 : 0, forgetAtMs);
    participant.hasJoinKey = true;
  }
  return joinedAs(context, participant, { resumed, replayed: false });
}

function announceJoined(context: SqliteContext, tx: Tx, participant: ParticipantRecord): void {
  const { room, participantId } = participant;
  const event = participantJoined(participant.asParticipant(context.clock.steadyMs()));
  announce(context, tx, { room, about: participantId }, event);
}

function joinedAs(
  { clock }: SqliteContext,
  participant: ParticipantRecord,
  how: { resumed: boolean; replayed: boolean },
): Joined {
  const nowMs = clock.steadyMs();
  return {
    mailbox: participant.address,
    acknowledged: participant.mailbox.acknowledged,
    idleTimeoutMs: participant.idleTimeoutMs,
    ...how,
    participants: [...participant.room.participants.values()].map((record) => record.asParticipant(nowMs)),
  };
}

/** @returns its row */
const addRoom = ({ statements, clock }: SqliteContext, { roomId }: Join): number =>
  Number(statements.insertRoom.run(roomId, clock.wallMs()).lastInsertRowid);

function addParticipant(context: SqliteContext, request: Join, roomRow: number): ParticipantRecord {
  const { statements, index, clock } = context;
  const { roomId, participantId, mailboxId, profile } = request;
  const displayName = profile.displayName ?? null;
  const metadata = profile.metadata ?? null;
  const joinedAtMs = clock.wallMs();
  const idleTimeoutMs = profile.idleTimeoutMs ?? request.defaultIdleTimeoutMs;
  const { lastInsertRowid } = statements.insertParticipant.run(
    roomRow,
    participantId,
    mailboxId,
    displayName,
    metadata,
    joinedAtMs,
    idleTimeoutMs,
  );
  const identity = { row: Number(lastInsertRowid), roomRow, roomId, participantId, mailboxId };
  const fields = { displayName, metadata, joinedAtMs, idleTimeoutMs, hasJoinKey: 0 } as const;
  return index.addParticipant({ ...identity, ...fields, ...EMPTY_MAILBOX }, clock.steadyMs());
}
