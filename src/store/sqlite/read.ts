import { checkCursor } from '../../signalling/cursor.ts';
import type { ParticipantId } from '../../signalling/ids.ts';
import type { Mailbox, ReceivedMessage } from '../../signalling/message.ts';
import type { Page, ReadRange } from '../../signalling/store.ts';
import type { SqliteContext } from './context.ts';
import type { StoredMessage } from './rows.ts';

export function read({ index, clock }: SqliteContext, address: Mailbox, range: ReadRange): Page {
  const { mailbox, participantId } = index.require(address);
  if (range.after !== undefined) checkCursor(range.after, mailbox);
  const from = range.after?.position ?? mailbox.acknowledged;
  // The head in memory saves an idle mailbox the query.
  if (mailbox.head <= from) return { messages: [], position: from, expired: 0, more: false };

  const nowMs = clock.steadyMs();
  const messages: ReceivedMessage[] = [];
  let position = from;
  let expired = 0;
  let bytes = 0;
  for (const stored of mailbox.after(from, range.limit)) {
    if (isReadable(stored, nowMs)) {
      bytes += stored.bytes;
      if (bytes > range.maxBytes && messages.length > 0) break;
      messages.push(receivedMessage(stored, participantId, nowMs));
    } else {
      // An overdue message that the sweep has not reached yet counts like a tombstone.
      expired += Math.max(1, stored.expired);
    }
    position = stored.position;
  }
  return { messages, position, expired, more: mailbox.head > position };
}

const isReadable = ({ expired, expiresAtMs }: StoredMessage, nowMs: number): boolean =>
  expired === 0 && (expiresAtMs === null || expiresAtMs > nowMs);

const receivedMessage = (stored: StoredMessage, reader: ParticipantId, nowMs: number): ReceivedMessage => ({
  id: stored.id,
  position: stored.position,
  sender: stored.sender ?? undefined,
  recipient: stored.addressed === 1 ? reader : undefined,
  type: stored.type,
  payload: stored.payload ?? undefined,
  callId: stored.callId ?? undefined,
  sentAtMs: stored.sentAtMs,
  ageMs: Math.max(0, Math.floor(nowMs) - stored.storedAtMs),
});
