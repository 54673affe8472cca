import { checkCursor } from '../../signalling/cursor.ts';
import type { JsonText, MessageId, ParticipantId } from '../../signalling/ids.ts';
import type { Mailbox, ReceivedMessage } from '../../signalling/message.ts';
import type { Page, ReadRange } from '../../signalling/store.ts';
import type { SqliteContext } from './context.ts';
import { presentOrGone } from './depart.ts';
import type { ParticipantRecord } from './records.ts';
import type { MessageRow } from './statements.ts';
import type { Entry } from './tail.ts';

export function read(context: SqliteContext, mailbox: Mailbox, range: ReadRange): Page {
  const record = presentOrGone(context, mailbox);
  if (range.after !== undefined) checkCursor(range.after, record);
  const from = range.after?.position ?? record.acknowledged;
  // The head in memory spares an idle mailbox the query.
  if (record.head <= from) return { messages: [], position: from, expired: 0, more: false };
  const entries =
    from >= record.tailFrom ? fromTail(record, from, range.limit) : fromRows(context, record, from, range.limit);
  return pageOf(entries, record, from, range.maxBytes, context.clock.steadyMs());
}

function pageOf(
  entries: Iterable<Entry>,
  record: ParticipantRecord,
  from: number,
  maxBytes: number,
  nowMs: number,
): Page {
  const messages: ReceivedMessage[] = [];
  let position = from;
  let expired = 0;
  let bytes = 0;
  for (const entry of entries) {
    if (entry.expired === 0 && entry.expiresAtMs > nowMs) {
      bytes += entry.bytes;
      if (bytes > maxBytes && messages.length > 0) break;
      messages.push(messageOf(entry, nowMs));
    } else {
      // Overdue ones that the sweep has not met yet count like those that it has.
      expired += Math.max(1, entry.expired);
    }
    position = entry.position;
  }
  return { messages, position, expired, more: record.head > position };
}

const fromTail = ({ tail }: ParticipantRecord, from: number, limit: number): readonly Entry[] =>
  tail.filter(({ position }) => position > from).slice(0, limit);

function* fromRows(
  { statements }: SqliteContext,
  { row, participantId }: ParticipantRecord,
  from: number,
  limit: number,
): Iterable<Entry> {
  for (const message of statements.readMessages.iterate(row, from, limit)) yield entryOf(message, participantId);
}

const messageOf = (entry: Entry, nowMs: number): ReceivedMessage => ({
  id: entry.id,
  position: entry.position,
  from: entry.from,
  to: entry.to,
  type: entry.type,
  payload: entry.payload,
  callId: entry.callId,
  sentAtMs: entry.sentAtMs,
  ageMs: Math.max(0, Math.floor(nowMs) - entry.storedAtMs),
});

const entryOf = (row: MessageRow, reader: ParticipantId): Entry => ({
  position: row.position,
  bytes: row.bytes,
  isEvent: row.from_id === null,
  expired: row.expired,
  expiresAtMs: row.expires_at ?? Infinity,
  storedAtMs: row.stored_at,
  id: row.message_id as MessageId,
  from: (row.from_id ?? undefined) as ParticipantId | undefined,
  to: row.addressed === 1 ? reader : undefined,
  type: row.type,
  payload: (row.payload ?? undefined) as JsonText | undefined,
  callId: row.call_id ?? undefined,
  sentAtMs: row.sent_at,
});
