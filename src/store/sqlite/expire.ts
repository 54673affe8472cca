import { messageExpired } from '../../signalling/room-events.ts';
import type { SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import type { ParticipantRecord } from './records.ts';
import { deliverEvent } from './room-events.ts';
import type { OverdueRow } from './rows.ts';

/**
 * Expires at most `limit` overdue messages, the most recently due ones, in the order of their due times. Newly due
 * messages are reported within 2 s even while the sweep works through the backlog of a stopped service.
 * @returns whether more messages may be overdue
 */
export function expireSome(context: SqliteContext, tx: Tx, limit: number): boolean {
  const { statements, index, clock } = context;
  const nowMs = clock.steadyMs();
  if (index.totals.expiresFromMs > nowMs) return false;
  const overdue = statements.lastOverdue.all(nowMs, limit);
  for (const row of overdue.reverse()) expire(context, tx, row);
  if (overdue.length === limit) return true;
  index.totals.expiresFromMs = statements.earliestExpiry.get()?.at ?? Infinity;
  return false;
}

/** Expires all overdue messages of one mailbox, whose limits bound their number. */
export function expireOverdue(context: SqliteContext, tx: Tx, { row }: ParticipantRecord): void {
  for (const overdue of context.statements.overdueOf.all(row, context.clock.steadyMs())) expire(context, tx, overdue);
}

/**
 * Leaves a tombstone, which counts as expired for the recipient, and reports to the sender if its mailbox still exists.
 */
function expire(context: SqliteContext, tx: Tx, overdue: OverdueRow): void {
  const recipient = context.index.byRow(overdue.mailboxRow);
  if (recipient === undefined) return;
  const { mailbox, mailboxId, address } = recipient;
  tx.touch(address.roomId);
  if (overdue.position <= mailbox.acknowledged) {
    // Acknowledged in time. Deletes the row together with writing the position: without it, a crash would leave cursors
    // ahead of the head.
    mailbox.writeAcknowledged();
    return;
  }
  mailbox.becomeTombstone(overdue);
  tx.hint({ kind: 'messages', mailboxId });
  const { type, position, id: messageId } = overdue;
  tx.afterCommit(() => context.telemetry.expired(address, position));

  const sender = context.index.byRow(overdue.senderRow);
  if (sender === undefined) return;
  const callId = overdue.callId === null ? {} : { callId: overdue.callId };
  deliverEvent(context, tx, sender, messageExpired({ messageId, to: recipient.participantId, type, ...callId }));
}
