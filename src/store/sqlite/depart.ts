import { participantGone } from '../../signalling/errors.ts';
import type { GoneReason, Mailbox } from '../../signalling/message.ts';
import { participantLeft } from '../../signalling/room-events.ts';
import type { SqliteContext } from './context.ts';
import { announce } from './deliver.ts';
import type { Tx } from './group-commit.ts';
import { mailboxOf, heldBytes, type ParticipantRecord } from './records.ts';
import { endTokens, forgetJoinKey } from './tokens.ts';

export function depart(context: SqliteContext, tx: Tx, participant: ParticipantRecord, reason: GoneReason): void {
  remove(context, tx, participant, reason);
  announce(
    context,
    tx,
    participant.room,
    participant.participantId,
    participantLeft(participant.participantId, reason),
  );
}

/** Departs without a word to the others. */
export function remove(context: SqliteContext, tx: Tx, participant: ParticipantRecord, reason: GoneReason): void {
  const { room } = participant;
  tx.touch(room.roomId);
  emptyMailbox(context, tx, participant, reason);
  endTokens(context, participant, reason);
  context.statements.deleteParticipant.run(participant.row);
  context.directory.removeParticipant(participant);
  if (room.participants.size === 0) context.statements.deleteRoom.run(room.row);
  endHeldPolls(tx, participant, reason);
}

/** Ends the mailbox: removes everything that hangs on it but the participant's row and tokens. */
export function emptyMailbox(context: SqliteContext, tx: Tx, participant: ParticipantRecord, reason: GoneReason): void {
  const unread =
    participant.messages === 0 ? [] : context.statements.unread.all(participant.row, participant.acknowledged);
  tx.afterCommit(() => context.telemetry.departed(mailboxOf(participant), reason, unread));
  tx.hint({ kind: 'departed', mailboxId: participant.mailboxId });
  context.statements.deleteMailbox.run(participant.row);
  context.directory.tails.clear(participant);
  if (participant.keptBytes > 0) context.statements.deleteSendsOf.run(participant.row);
  forgetJoinKey(context, participant);
  context.directory.liveBytes -= heldBytes(participant);
  Object.assign(participant, {
    messages: 0,
    messageBytes: 0,
    events: 0,
    eventBytes: 0,
    gaps: 0,
    keptBytes: 0,
    expiresFromMs: Infinity,
  });
}

export function endHeldPolls(tx: Tx, { mailboxId }: ParticipantRecord, reason: GoneReason): void {
  tx.hint({ kind: 'gone', mailboxId, reason });
}

/** @throws SignallingError `participant-gone`: it went between the request's authentication and now */
export function presentOrGone(context: SqliteContext, mailbox: Mailbox): ParticipantRecord {
  const participant = context.directory.find(mailbox);
  if (participant !== undefined) return participant;
  const reason = context.directory.departed.get(mailbox.mailboxId) ?? 'replaced';
  throw participantGone(reason);
}
