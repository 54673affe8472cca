import {
  participantGone,
  type SignallingError,
  idempotencyKeyReused,
  participantExists,
  roomFull,
} from '../../signalling/errors.ts';
import { isSameBody } from '../../signalling/idempotency.ts';
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
import { joinKeyColumns, tokenColumns, type JoinKey, type LiveToken, type NewParticipantRow } from './rows.ts';
import { mint, replaceTokens } from './tokens.ts';

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
function findOutcome({ index, clock }: SqliteContext, { idempotency }: Join): Outcome | undefined {
  if (idempotency === undefined) return undefined;
  const known = index.findJoinKey(idempotency.scope, clock.steadyMs());
  if (known === undefined) return undefined;
  if (!isSameBody(known.key.fingerprint, idempotency.fingerprint)) throw idempotencyKeyReused();
  return { participant: known.participant, resumed: known.key.resumed === 1 };
}

export const knowsJoin = ({ index, clock }: SqliteContext, scope: string): boolean =>
  index.findJoinKey(scope, clock.steadyMs()) !== undefined;

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
  const participant = addParticipant(context, request, {
    roomCreatedAtMs: room?.createdAtMs ?? context.clock.wallMs(),
    token: { ...request.token, state: 'fresh' },
  });
  announceJoined(context, tx, participant);
  return joinedAs(context, participant, { resumed: false, replayed: false });
}

/** Keeps the mailbox, and the profile fields that the request omits. Announces nothing. */
function resume(context: SqliteContext, tx: Tx, request: Join, present: ParticipantRecord): Joined {
  tx.touch(request.roomId);
  present.displayName = request.profile.displayName ?? present.displayName;
  present.metadata = request.profile.metadata ?? present.metadata;
  present.idleTimeoutMs = request.profile.idleTimeoutMs ?? present.idleTimeoutMs;
  replaceTokens(context, present, present);
  context.index.setJoinKey(present, newJoinKey(context, request, 1));
  context.statements.updateParticipant(present.row, present.columns);
  mint(context, present, request.token);
  endHeldPolls(tx, present, 'replaced');
  context.index.restartIdleTime(present, context.clock.steadyMs());
  return joinedAs(context, present, { resumed: true, replayed: false });
}

/** A new mailbox for an existing name: the new run never receives messages that a crashed run left unread. */
function restart(context: SqliteContext, tx: Tx, request: Join, present: ParticipantRecord): Joined {
  tx.touch(request.roomId);
  endMailbox(context, tx, present, 'replaced');
  context.statements.deleteParticipant.run(present.row);
  context.index.removeParticipant(present);
  const { createdAtMs: roomCreatedAtMs } = present.room;
  const participant = addParticipant(context, request, { roomCreatedAtMs, token: undefined });
  participant.budgetFullAtMs = present.budgetFullAtMs;
  replaceTokens(context, present, participant);
  mint(context, participant, request.token);
  endHeldPolls(tx, present, 'replaced');
  const { room, participantId } = participant;
  announce(context, tx, { room, about: participantId }, participantLeft(participantId, 'replaced'));
  announceJoined(context, tx, participant);
  return joinedAs(context, participant, { resumed: false, replayed: false });
}

function newJoinKey({ clock }: SqliteContext, { idempotency }: Join, resumed: JoinKey['resumed']): JoinKey | undefined {
  if (idempotency === undefined) return undefined;
  const { scope, fingerprint } = idempotency;
  return { scope, fingerprint, resumed, forgetAtMs: Math.floor(clock.steadyMs() + IDEMPOTENCY_KEPT_MS) };
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

function addParticipant(
  context: SqliteContext,
  request: Join,
  { roomCreatedAtMs, token }: { roomCreatedAtMs: number; token: LiveToken | undefined },
): ParticipantRecord {
  const { statements, index, clock } = context;
  const { roomId, participantId, mailboxId, profile } = request;
  const added: NewParticipantRow = {
    roomId,
    roomCreatedAtMs,
    participantId,
    mailboxId,
    joinedAtMs: clock.wallMs(),
    displayName: profile.displayName ?? null,
    metadata: profile.metadata ?? null,
    idleTimeoutMs: profile.idleTimeoutMs ?? request.defaultIdleTimeoutMs,
    ...tokenColumns(token),
    ...joinKeyColumns(newJoinKey(context, request, 0)),
  };
  const row = statements.insertParticipant(added);
  return index.addParticipant({ ...added, row, ...EMPTY_MAILBOX }, clock.steadyMs());
}
