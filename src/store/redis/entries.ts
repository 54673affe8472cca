import { z } from 'zod';
import type { JsonText, MessageId, ParticipantId } from '../../signalling/ids.ts';
import type { OutgoingMessage, Receipt, ReceivedMessage } from '../../signalling/message.ts';
import type { Page } from '../../signalling/store.ts';

/** `scripts/shared/room.lua` says what an entry is. */
const ENTRY = /^(\d+)\|(\d+)\|(\d+)\|(\d+)\|([meg])\|[^|]*\|[^|]*\|(.*)$/s;

const Head = z.tuple([
  z.string().transform((id) => id as MessageId),
  z.nullable(z.string().transform((id) => id as ParticipantId)),
  z.literal([0, 1]),
  z.string(),
  z.nullable(z.string()),
  z.number(),
]);

/** What all copies of a message share: a line of JSON and, on further lines, the payload as it came. */
export function bodyOf(message: OutgoingMessage, sender: ParticipantId, sentAtMs: number): string {
  const { id, recipient, type, callId, payload } = message;
  const head = JSON.stringify([
    id,
    sender,
    recipient === undefined ? 0 : 1,
    type,
    callId?.toWellFormed() ?? null,
    sentAtMs,
  ]);
  return payload === undefined ? head : `${head}\n${payload}`;
}

interface Range {
  readonly reader: ParticipantId;
  readonly from: number;
  readonly head: number;
  readonly nowMs: number;
}

/** Messages past their lifetime that no sweep has met yet count like the gaps that it leaves. */
export function pageOf(entries: readonly string[], { reader, from, head, nowMs }: Range): Page {
  const messages: ReceivedMessage[] = [];
  let position = from;
  let expired = 0;
  for (const entry of entries) {
    const [, at, expiresAt, storedAt, size, kind, body] = ENTRY.exec(entry) ?? [];
    if (at === undefined || body === undefined) throw new Error('a mailbox holds an entry of another form');
    position = Number(at);
    const isOver = expiresAt !== '0' && Number(expiresAt) <= nowMs;
    if (kind === 'g') expired += Number(size);
    else if (isOver) expired += 1;
    else messages.push(messageOf(body, position, reader, Math.floor(nowMs) - Number(storedAt)));
  }
  return { messages, position, expired, more: head > position };
}

function messageOf(body: string, position: number, reader: ParticipantId, ageMs: number): ReceivedMessage {
  const end = body.indexOf('\n');
  const line = end === -1 ? body : body.slice(0, end);
  const [id, sender, addressed, type, callId, sentAtMs] = Head.parse(JSON.parse(line));
  return {
    id,
    position,
    sender: sender ?? undefined,
    recipient: addressed === 1 ? reader : undefined,
    type,
    payload: end === -1 ? undefined : (body.slice(end + 1) as JsonText),
    callId: callId ?? undefined,
    sentAtMs,
    ageMs: Math.max(0, ageMs),
  };
}

/** A line for each message: `<id>|<sent at>|<id>=<listening>,...|<skipped id>,...` */
export const receiptsOf = (outcome: string): Receipt[] => outcome.split('\n').map(receiptOf);

function receiptOf(line: string): Receipt {
  const [id = '', sentAt = '', recipients = '', skipped = ''] = line.split('|');
  return {
    id: id as MessageId,
    sentAtMs: Number(sentAt),
    recipients: listed(recipients).map((text) => {
      const [participantId = '', listening] = text.split('=');
      return { participantId: participantId as ParticipantId, listening: listening === '1' };
    }),
    ...(skipped !== '' && {
      skipped: listed(skipped).map((participantId) => ({
        participantId: participantId as ParticipantId,
        code: 'mailbox-full' as const,
      })),
    }),
  };
}

const listed = (text: string): string[] => (text === '' ? [] : text.split(','));
