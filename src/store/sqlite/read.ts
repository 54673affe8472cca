import { checkCursor } from '../../signalling/cursor.ts';
import type { JsonText, MessageId, ParticipantId } from '../../signalling/ids.ts';
import type { Mailbox, ReceivedMessage } from '../../signalling/message.ts';
import type { Page, ReadRange } from '../../signalling/store.ts';
import type { SqliteContext } from './context.ts';
import { presentOrGone } from './depart.ts';
import type { ParticipantRecord } from './records.ts';
import type { MessageRow } from './statements.ts';

export function read(context: SqliteContext, mailbox: Mailbox, range: ReadRange): Page {
  const record = presentOrGone(context, mailbox);
  if (range.after !== undefined) checkCursor(range.after, record);
  const from = range.after?.position ?? record.acknowledged;
  // The head in memory spares an idle mailbox the query.
  if (record.head <= from) return { messages: [], position: from, expired: 0, more: false };
  return pageOf(context, record, from, range);
}

function pageOf(context: SqliteContext, record: ParticipantRecord, from: number, range: ReadRange): Page {
  const nowMs = context.clock.steadyMs();
  const messages: ReceivedMessage[] = [];
  let position = from;
  let expired = 0;
  let bytes = 0;
  for (const row of context.statements.readMessages.iterate(record.row, from, range.limit)) {
    const overdue = row.expires_at !== null && row.expires_at <= nowMs;
    if (row.expired === 0 && !overdue) {
      bytes += row.bytes;
      if (bytes > range.maxBytes && messages.length > 0) break;
      messages.push(messageOf(row, record.participantId, nowMs));
    } else {
      // Overdue ones that the sweep has not met yet count like those that it has.
      expired += Math.max(1, row.expired);
    }
    position = row.position;
  }
  return { messages, position, expired, more: record.head > position };
}

const messageOf = (row: MessageRow, reader: ParticipantId, nowMs: number): ReceivedMessage => ({
  id: row.message_id as MessageId,
  ...(row.from_id === null ? {} : { from: row.from_id as ParticipantId }),
  ...(row.addressed === 0 ? {} : { to: reader }),
  type: row.type,
  ...(row.payload === null ? {} : { payload: row.payload as JsonText }),
  ...(row.call_id === null ? {} : { callId: row.call_id }),
  sentAtMs: row.sent_at,
  ageMs: Math.max(0, Math.floor(nowMs) - row.stored_at),
});
