import type { RoomId } from '../../signalling/ids.ts';
import type { GoneReason } from '../../signalling/message.ts';
import { participantLeft } from '../../signalling/room-events.ts';
import type { SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import type { ParticipantRecord } from './records.ts';
import { announce } from './room-events.ts';
import { endTokens } from './tokens.ts';

export function depart(context: SqliteContext, tx: Tx, participant: ParticipantRecord, reason: GoneReason): void {
  const { room, participantId } = participant;
  remove(context, tx, participant, reason);
  announce(context, tx, { room, about: participantId }, participantLeft(participantId, reason));
}

/** Announces no departures, since no participant remains. */
export function closeRoom(context: SqliteContext, tx: Tx, roomId: RoomId): void {
  const participants = context.index.rooms.get(roomId)?.participants.values() ?? [];
  for (const participant of [...participants]) remove(context, tx, participant, 'removed');
}

function remove(context: SqliteContext, tx: Tx, participant: ParticipantRecord, reason: GoneReason): void {
  tx.touch(participant.room.roomId);
  endMailbox(context, tx, participant, reason);
  endTokens(context, tx, participant, reason);
  context.statements.deleteParticipant.run(participant.row);
  context.index.removeParticipant(participant);
  endHeldPolls(tx, participant, reason);
}

/** Removes everything that belongs to the mailbox, except the participant's row, its tokens and rows of old outcomes. */
export function endMailbox(context: SqliteContext, tx: Tx, participant: ParticipantRecord, reason: GoneReason): void {
  const { mailbox, mailboxId, address, sends } = participant;
  const unread = mailbox.messages;
  tx.afterCommit(() => context.telemetry.departed(address, reason, unread));
  tx.hint({ kind: 'departed', mailboxId });
  mailbox.deleteRows();
  if (sends !== undefined) context.index.sends.drop(tx, sends.values());
}

export function endHeldPolls(tx: Tx, { mailboxId }: ParticipantRecord, reason: GoneReason): void {
  tx.hint({ kind: 'gone', mailboxId, reason });
}
