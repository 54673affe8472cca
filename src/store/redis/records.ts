import { z } from 'zod';
import type { JsonText, MailboxId, MessageId, ParticipantId } from '../../signalling/ids.ts';
import type { GoneReason, OutgoingMessage, Receipt, ReceivedMessage } from '../../signalling/message.ts';
import type { Hint, Page } from '../../signalling/store.ts';

// The stored records that this process packs or unpacks itself. `scripts/shared/records.lua` describes all records.

const ENTRY = /^(\d+)\|(\d+)\|(\d+)\|(\d+)\|([meg])\|[^|]*\|[^|]*\|(.*)$/s;
const TOMBSTONE = 'g';

const Head = z.tuple([
  z.string().transform((id) => id as MessageId),
  z.nullable(z.string().transform((id) => id as ParticipantId)),
  z.literal([0, 1]),
  z.string(),
  z.nullable(z.string()),
  z.number(),
]);

export const goneReason = z.enum(['left', 'timeout', 'replaced', 'removed']) satisfies z.ZodType<GoneReason>;

/** The part of a message that all recipients share: a head of one line, then the unchanged payload. */
export function packBody(message: OutgoingMessage, sender: ParticipantId, sentAtMs: number): string {
  const { id, recipient, type, callId, payload } = message;
  const hasRecipient = recipient === undefined ? 0 : 1;
  const head = JSON.stringify([id, sender, hasRecipient, type, callId?.toWellFormed() ?? null, sentAtMs]);
  return payload === undefined ? head : `${head}\n${payload}`;
}

interface Range {
  readonly reader: ParticipantId;
  readonly from: number;
  readonly head: number;
  readonly nowMs: number;
}

/** Overdue messages that no sweep has reached yet count as tombstones. */
export function unpackPage(entries: readonly string[], { reader, from, head, nowMs }: Range): Page {
  const messages: ReceivedMessage[] = [];
  let position = from;
  let expired = 0;
  for (const entry of entries) {
    const [, at, expiresAt, storedAt, size, kind, body] = ENTRY.exec(entry) ?? [];
    if (at === undefined || body === undefined) throw new Error('a mailbox holds an entry of another format');
    position = Number(at);
    const isExpired = expiresAt !== '0' && Number(expiresAt) <= nowMs;
    if (kind === TOMBSTONE) expired += Number(size);
    else if (isExpired) expired += 1;
    else messages.push(unpackMessage(body, position, reader, Math.floor(nowMs) - Number(storedAt)));
  }
  return { messages, position, expired, more: head > position };
}

function unpackMessage(body: string, position: number, reader: ParticipantId, ageMs: number): ReceivedMessage {
  const end = body.indexOf('\n');
  const line = end === -1 ? body : body.slice(0, end);
  const [id, sender, hasRecipient, type, callId, sentAtMs] = Head.parse(JSON.parse(line));
  return {
    id,
    position,
    sender: sender ?? undefined,
    recipient: hasRecipient === 1 ? reader : undefined,
    type,
    payload: end === -1 ? undefined : (body.slice(end + 1) as JsonText),
    callId: callId ?? undefined,
    sentAtMs,
    ageMs: Math.max(0, ageMs),
  };
}

/** @param receipts one line per message: `<id>|<sent at>|<recipient>=<listening>,...|<skipped recipient>,...` */
export const unpackReceipts = (receipts: string): Receipt[] => receipts.split('\n').map(unpackReceipt);

function unpackReceipt(line: string): Receipt {
  const [id = '', sentAt = '', recipients = '', skipped = ''] = line.split('|');
  return {
    id: id as MessageId,
    sentAtMs: Number(sentAt),
    recipients: list(recipients).map((text) => {
      const [participantId = '', listening] = text.split('=');
      return { participantId: participantId as ParticipantId, listening: listening === '1' };
    }),
    ...(skipped !== '' && {
      skipped: list(skipped).map((participantId) => ({
        participantId: participantId as ParticipantId,
        code: 'mailbox-full' as const,
      })),
    }),
  };
}

const list = (text: string): string[] => (text === '' ? [] : text.split(','));

/** A hint of a script, with the number that selects the polls it concerns. */
export type PublishedHint =
  | Extract<Hint, { kind: 'messages' }>
  /** `generation`: of the token under which the mailbox continues; polls of that token are not affected. */
  | (Extract<Hint, { kind: 'gone' }> & { readonly generation: number | undefined })
  | (Extract<Hint, { kind: 'superseded' }> & { readonly hold: number });

/** @returns undefined for a text that concerns no poll, such as that of a heartbeat */
export function unpackHint(text: string): PublishedHint | undefined {
  const [kind, id = '', detail = '', generation] = text.split(' ');
  const mailboxId = id as MailboxId;
  if (kind === 'messages') return { kind, mailboxId };
  if (kind === 'superseded') return { kind, mailboxId, hold: Number(detail) };
  const reason = goneReason.safeParse(detail);
  if (kind !== 'gone' || !reason.success) return undefined;
  return {
    kind,
    mailboxId,
    reason: reason.data,
    generation: generation === undefined ? undefined : Number(generation),
  };
}
