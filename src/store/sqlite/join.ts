import { participantGone, type SignallingError } from '../../signalling/errors.ts';
import type { ParticipantId } from '../../signalling/ids.ts';
import { IDEMPOTENCY_KEPT_MS } from '../../signalling/limits.ts';
import { participantJoined, participantLeft } from '../../signalling/room-events.ts';
import type { Join, Joined } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import { keyReused, participantExists, roomFull } from '../refusals.ts';
import type { SqliteContext } from './context.ts';
import { announce } from './deliver.ts';
import { emptyMailbox, endHeldPolls } from './depart.ts';
import type { Tx } from './group-commit.ts';
import { participantOf, type ParticipantRecord, type RoomRecord } from './records.ts';
import { refuseWhenFull } from './store-bound.ts';
import { forgetJoinKey, mint, replaceTokens } from './tokens.ts';

export function join(context: SqliteContext, tx: Tx, request: Join): Joined {
  const kept = findKept(context, request);
  if (kept !== undefined) return again(context, tx, request, kept.participant, kept.resumed);

  const room = context.directory.rooms.get(request.roomId);
  const present = room?.participants.get(request.participantId);
  if (present === undefined) {
    if (request.proof.kind === 'token' && request.proof.mustBePresent) throw goneBy(context, request.proof.handle);
    return enter(context, tx, request, room);
  }
  if (!proves(request.proof, present)) {
    throw participantExists(request.participantId);
  }
  return request.resume ? resume(context, tx, request, present) : restart(context, tx, request, present);
}

function findKept(
  context: SqliteContext,
  { idempotency }: Join,
): { participant: ParticipantRecord; resumed: boolean } | undefined {
  if (idempotency === undefined) return undefined;
  const row = context.statements.findJoin.get(idempotency.scope);
  const participant = row === undefined ? undefined : context.directory.byRow(row.participant);
  if (row === undefined || participant === undefined || row.forget_at <= context.clock.steadyMs()) return undefined;
  if (row.fingerprint !== idempotency.fingerprint) throw keyReused();
  return { participant, resumed: row.resumed === 1 };
}

export function knowsJoin(context: SqliteContext, scope: string): boolean {
  const row = context.statements.findJoin.get(scope);
  return row !== undefined && row.forget_at > context.clock.steadyMs();
}

function goneBy(context: SqliteContext, handle: TokenHandle): SignallingError {
  const token = context.directory.tokens.get(handle);
  return participantGone(token?.state === 'gone' ? token.reason : 'left');
}

const proves = (proof: Join['proof'], present: ParticipantRecord): boolean =>
  proof.kind === 'trusted' || (proof.kind === 'token' && present.tokens.some((token) => token.handle === proof.handle));

/** A retry of a join whose reply was lost: a further token for the same participant, and nothing is announced. */
function again(
  context: SqliteContext,
  tx: Tx,
  request: Join,
  participant: ParticipantRecord,
  resumed: boolean,
): Joined {
  tx.touch(request.roomId);
  mint(context, participant, request.token);
  context.directory.restartIdleTime(participant, context.clock.steadyMs());
  return joinedAs(context, participant, { resumed, replayed: true });
}

function enter(context: SqliteContext, tx: Tx, request: Join, room: RoomRecord | undefined): Joined {
  if (room !== undefined && room.participants.size >= context.limits.maxParticipantsPerRoom) {
    throw roomFull(context.limits.maxParticipantsPerRoom);
  }
  refuseWhenFull(context, request.roomId);
  tx.touch(request.roomId);
  const participant = addParticipant(context, request, room ?? addRoom(context, request));
  announceJoined(context, tx, participant);
  return settle(context, request, participant, false);
}

/** Keeps the mailbox; nothing is announced. Fields that were left out stay. */
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
  context.directory.restartIdleTime(present, context.clock.steadyMs());
  return settle(context, request, present, true);
}

/** A new mailbox for an old name: what a crashed run left unread never reaches the new run. */
function restart(context: SqliteContext, tx: Tx, request: Join, present: ParticipantRecord): Joined {
  tx.touch(request.roomId);
  const room = present.room;
  emptyMailbox(context, tx, present, 'replaced');
  context.directory.removeParticipant(present);
  // Its row lives on without its name until the tokens have moved to the new one.
  context.statements.unnameParticipant.run(present.row);
  const participant = addParticipant(context, request, room);
  participant.budgetFullAtMs = present.budgetFullAtMs;
  replaceTokens(context, present, participant);
  context.statements.deleteParticipant.run(present.row);
  endHeldPolls(tx, present, 'replaced');
  announce(context, tx, room, participant.participantId, participantLeft(participant.participantId, 'replaced'));
  announceJoined(context, tx, participant);
  return settle(context, request, participant, false);
}

function settle(context: SqliteContext, request: Join, participant: ParticipantRecord, resumed: boolean): Joined {
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
  const view = participantOf(participant, context.clock.steadyMs());
  announce(context, tx, participant.room, participant.participantId, participantJoined(view));
}

function joinedAs(
  context: SqliteContext,
  participant: ParticipantRecord,
  how: { resumed: boolean; replayed: boolean },
): Joined {
  const nowMs = context.clock.steadyMs();
  const { room, participantId, mailboxId } = participant;
  return {
    mailbox: { roomId: room.roomId, participantId, mailboxId },
    acknowledged: participant.acknowledged,
    idleTimeoutMs: participant.idleTimeoutMs,
    ...how,
    participants: [...room.participants.values()].map((record) => participantOf(record, nowMs)),
  };
}

function addRoom(context: SqliteContext, request: Join): RoomRecord {
  const row = Number(context.statements.insertRoom.run(request.roomId, context.clock.wallMs()).lastInsertRowid);
  return { row, roomId: request.roomId, participants: new Map<ParticipantId, ParticipantRecord>() };
}

function addParticipant(context: SqliteContext, request: Join, room: RoomRecord): ParticipantRecord {
  const { displayName, metadata } = request.profile;
  const idleTimeoutMs = request.profile.idleTimeoutMs ?? request.defaultIdleTimeoutMs;
  const joinedAtMs = context.clock.wallMs();
  const { lastInsertRowid } = context.statements.insertParticipant.run(
    room.row,
    request.participantId,
    request.mailboxId,
    displayName ?? null,
    metadata ?? null,
    joinedAtMs,
    idleTimeoutMs,
  );
  const record: ParticipantRecord = {
    row: Number(lastInsertRowid),
    room,
    participantId: request.participantId,
    mailboxId: request.mailboxId,
    displayName,
    metadata,
    joinedAtMs,
    idleTimeoutMs,
    tokens: [],
    hasJoinKey: false,
    acknowledged: 0,
    head: 0,
    tail: [],
    tailFrom: 0,
    writtenAcknowledged: 0,
    messages: 0,
    messageBytes: 0,
    events: 0,
    eventBytes: 0,
    gaps: 0,
    keptBytes: 0,
    expiresFromMs: Infinity,
    budgetFullAtMs: 0,
    seenAtMs: context.clock.steadyMs(),
    heldUntilMs: 0,
    listensUntilMs: 0,
  };
  context.directory.addParticipant(record);
  return record;
}
