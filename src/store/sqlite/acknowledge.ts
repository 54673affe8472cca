import { checkCursor, type Cursor } from '../../signalling/cursor.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { SqliteContext } from './context.ts';
import { presentOrGone } from './depart.ts';
import { expireOverdue } from './expire.ts';
import type { Tx } from './group-commit.ts';
import { pendingBytes, type ParticipantRecord } from './records.ts';

export function acknowledge(context: SqliteContext, tx: Tx, mailbox: Mailbox, cursor: Cursor): void {
  const record = presentOrGone(context, mailbox);
  const { position } = cursor;
  if (cursor.mailboxId === record.mailboxId && position <= record.acknowledged) return;
  checkCursor(cursor, record);
  tx.touch(mailbox.roomId);
  // First, or a message that nobody acknowledged in its lifetime would go without a word to its sender.
  if (record.expiresFromMs <= context.clock.steadyMs()) expireOverdue(context, tx, record);
  forgetUpTo(context, record, position);
  record.acknowledged = position;
  context.statements.setAcknowledged.run(position, record.row);
}

function forgetUpTo(context: SqliteContext, record: ParticipantRecord, position: number): void {
  if (position === record.head) {
    context.statements.deleteUpTo.run(record.row, position);
    context.directory.liveBytes -= pendingBytes(record);
    Object.assign(record, { messages: 0, messageBytes: 0, events: 0, eventBytes: 0, gaps: 0, expiresFromMs: Infinity });
    return;
  }
  for (const removed of context.statements.removeUpTo.all(record.row, position)) {
    context.directory.liveBytes -= removed.bytes;
    if (removed.expired > 0) record.gaps -= 1;
    else if (removed.sender === null) {
      record.events -= 1;
      record.eventBytes -= removed.bytes;
    } else {
      record.messages -= 1;
      record.messageBytes -= removed.bytes;
    }
  }
}
