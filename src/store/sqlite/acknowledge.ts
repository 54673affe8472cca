import { checkCursor, type Cursor } from '../../signalling/cursor.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { SqliteContext } from './context.ts';
import { presentOrGone } from './depart.ts';
import { expireOverdue } from './expire.ts';
import type { Tx } from './group-commit.ts';
import { pendingBytes, type ParticipantRecord } from './records.ts';
import { writeAcknowledged } from './write-acknowledged.ts';

export function acknowledge(context: SqliteContext, tx: Tx, mailbox: Mailbox, cursor: Cursor): void {
  const record = presentOrGone(context, mailbox);
  const { position } = cursor;
  if (cursor.mailboxId === record.mailboxId && position <= record.acknowledged) {
    writeAcknowledged(context, tx, record);
    return;
  }
  checkCursor(cursor, record);
  tx.touch(mailbox.roomId);
  // First, or a message that nobody acknowledged in its lifetime would go without a word to its sender.
  if (record.expiresFromMs <= context.clock.steadyMs()) expireOverdue(context, tx, record);
  if (!countOff(context, record, position)) countOffRows(context, record, position);
  settle(context, record, position);
  writeAcknowledged(context, tx, record);
}

/**
 * In memory only, for polls: most mailboxes of a call are acknowledged several times within the delay after which it is written,
 * and many are gone by then. A crash meanwhile brings the messages back, and the client's cursor is still good.
 * @returns whether it was possible; if not, it takes a transaction
 */
export function acknowledgeInMemory(context: SqliteContext, record: ParticipantRecord, position: number): boolean {
  if (record.expiresFromMs <= context.clock.steadyMs() || !countOff(context, record, position)) return false;
  settle(context, record, position);
  return true;
}

function settle(context: SqliteContext, record: ParticipantRecord, position: number): void {
  record.acknowledged = position;
  context.directory.tails.dropUpTo(record, position);
}

/** What no longer pends, counted from memory. @returns false when memory does not have it all */
function countOff(context: SqliteContext, record: ParticipantRecord, position: number): boolean {
  if (position === record.head) {
    context.directory.liveBytes -= pendingBytes(record);
    Object.assign(record, { messages: 0, messageBytes: 0, events: 0, eventBytes: 0, gaps: 0, expiresFromMs: Infinity });
    return true;
  }
  if (record.tailFrom > record.acknowledged) return false;
  for (const entry of record.tail) if (entry.position <= position) countOne(context, record, entry);
  return true;
}

function countOffRows(context: SqliteContext, record: ParticipantRecord, position: number): void {
  for (const { position: at, sender, bytes, expired } of context.statements.removeUpTo.all(record.row, position)) {
    if (at > record.acknowledged) countOne(context, record, { bytes, expired, isEvent: sender === null });
  }
}

function countOne(
  context: SqliteContext,
  record: ParticipantRecord,
  one: { bytes: number; expired: number; isEvent: boolean },
): void {
  context.directory.liveBytes -= one.bytes;
  if (one.expired > 0) record.gaps -= 1;
  else if (one.isEvent) {
    record.events -= 1;
    record.eventBytes -= one.bytes;
  } else {
    record.messages -= 1;
    record.messageBytes -= one.bytes;
  }
}
