import type { MessageId } from '../../signalling/ids.ts';
import { messageExpired } from '../../signalling/room-events.ts';
import type { SqliteContext } from './context.ts';
import { deliverEvent } from './deliver.ts';
import { compactGaps } from './gaps.ts';
import type { Tx } from './group-commit.ts';
import { mailboxOf, type ParticipantRecord } from './records.ts';
import type { OverdueRow } from './statements.ts';
import { writeAcknowledged } from './write-acknowledged.ts';

/**
 * Expires at most `limit` overdue messages, the most recently due ones, in the order of their due times. Newly due
 * messages are reported within 2 s even while the backlog of a stopped service is worked off.
 * @returns whether there may be more
 */
export function expireSome(context: SqliteContext, tx: Tx, limit: number): boolean {
  const nowMs = context.clock.steadyMs();
  if (context.directory.expiresFromMs > nowMs) return false;
  const overdue = context.statements.lastOverdue.all(nowMs, limit);
  for (const row of overdue.reverse()) expire(context, tx, row);
  if (overdue.length === limit) return true;
  context.directory.expiresFromMs = context.statements.earliestExpiry.get()?.at ?? Infinity;
  return false;
}

/** All of one mailbox, whose limits bound how many there are. */
export function expireOverdue(context: SqliteContext, tx: Tx, mailbox: ParticipantRecord): void {
  for (const row of context.statements.overdueOf.all(mailbox.row, context.clock.steadyMs())) expire(context, tx, row);
}

/** Leaves a gap, which the mailbox's owner will see counted, and tells the sender if its mailbox is still there. */
function expire(context: SqliteContext, tx: Tx, row: OverdueRow): void {
  const mailbox = context.directory.byRow(row.mailbox);
  if (mailbox === undefined) return;
  tx.touch(mailbox.room.roomId);
  if (row.position <= mailbox.acknowledged) {
    // Acknowledged in time; the row was about to go. Never without its position, or after a crash cursors would be ahead of the head.
    writeAcknowledged(context, tx, mailbox);
    return;
  }
  context.statements.makeGap.run(row.rowid);
  context.directory.tails.clear(mailbox);
  mailbox.messages -= 1;
  mailbox.messageBytes -= row.bytes;
  mailbox.gaps += 1;
  context.directory.liveBytes -= row.bytes;
  compactGaps(context, mailbox);
  tx.hint({ kind: 'messages', mailboxId: mailbox.mailboxId });
  const copy = { type: row.type, position: row.position };
  tx.afterCommit(() => context.telemetry.expired(mailboxOf(mailbox), copy));

  const sender = context.directory.byRow(row.sender);
  if (sender === undefined) return;
  const { participantId: to } = mailbox;
  const callId = row.call_id === null ? {} : { callId: row.call_id };
  deliverEvent(
    context,
    tx,
    sender,
    messageExpired({ messageId: row.message_id as MessageId, to, type: row.type, ...callId }),
  );
}
