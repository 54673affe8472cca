import { cursorExpired, type Cursor } from '../../signalling/cursor.ts';
import { IDEMPOTENCY_KEPT_MS, type Limits } from '../../signalling/limits.ts';
import { messageBytes, type Mailbox } from '../../signalling/message.ts';
import { exceeded } from '../../signalling/rate-limit.ts';
import type { Append, Appended, Page, ReadRange } from '../../signalling/store.ts';
import { idempotencyKeyReused, mailboxFull, recipientNotFound } from '../../signalling/errors.ts';
import type { Presence } from './presence.ts';
import { packBody, unpackPage, unpackReceipts } from './records.ts';
import { Appended as AppendedReply, Expirations, Position, Read } from './replies.ts';
import type { Argument, Outcome, RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';

/** Stands for all participants: it is no valid participant id. */
const EVERYONE = '*';

export async function append(rooms: RoomScripts, limits: Limits, request: Append): Promise<Appended> {
  const wallMs = rooms.wallMs();
  const args = appendArguments(request, limits, wallMs);
  const outcome = await rooms.runFor(request.sender, SCRIPTS.append, args, { confirmed: true, wallMs });
  if (outcome.status !== 'ok') throw appendRefusal(outcome, request);
  const [replayed, receipts] = AppendedReply.parse(outcome.result);
  return { receipts: unpackReceipts(receipts), replayed };
}

function appendArguments({ sender, messages, rate, idempotency }: Append, limits: Limits, wallMs: number): Argument[] {
  const isFree = rate === undefined || rate.quota === Infinity;
  return [
    ...(isFree ? ['', '', ''] : [rate.windowMs / rate.quota, rate.windowMs, rate.quota]),
    ...[idempotency?.scope ?? '', idempotency?.fingerprint ?? '', IDEMPOTENCY_KEPT_MS],
    ...[limits.maxMailboxMessages, limits.maxMailboxBytes],
    ...messages.flatMap((message) => [
      message.id,
      message.recipient ?? EVERYONE,
      message.ttlMs,
      messageBytes(message),
      packBody(message, sender.participantId, wallMs),
    ]),
  ];
}

function appendRefusal({ status, result: [detail], nowMs }: Outcome, { rate, messages }: Append): Error {
  if (status === 'idempotency-key-reused') return idempotencyKeyReused();
  if (status === 'rate-limited' && rate !== undefined) return exceeded(rate, Number(detail), nowMs, messages.length);
  const index = Number(detail);
  const message = messages[index];
  if (status === 'mailbox-full' && message !== undefined) return mailboxFull(message, index);
  if (status === 'recipient-not-found' && message?.recipient !== undefined)
    return recipientNotFound(message.recipient, index);
  return new Error(`append.lua returned ${status}`);
}

export async function read(
  rooms: RoomScripts,
  presence: Presence,
  mailbox: Mailbox,
  { after, limit, maxBytes }: ReadRange,
): Promise<Page> {
  const args = [after?.mailboxId ?? '', after?.position ?? '', limit, maxBytes];
  const outcome = await rooms.runFor(mailbox, SCRIPTS.read, args);
  if (after !== undefined) throwIfExpired(outcome, mailbox, after);
  const [acknowledged, head, hold, isElsewhere, entries] = Read.parse(outcome.result);
  presence.noteRead(mailbox, { acknowledged, hold, isElsewhere });
  const reader = mailbox.participantId;
  return unpackPage(entries, { reader, from: after?.position ?? acknowledged, head, nowMs: outcome.nowMs });
}

export async function acknowledge(rooms: RoomScripts, mailbox: Mailbox, cursor: Cursor): Promise<void> {
  const outcome = await rooms.runFor(mailbox, SCRIPTS.acknowledge, [cursor.mailboxId, cursor.position]);
  throwIfExpired(outcome, mailbox, cursor);
  const [expirations] = Expirations.parse(outcome.result);
  rooms.reportRemovals(mailbox.roomId, [], expirations);
}

function throwIfExpired({ status, result }: Outcome, { mailboxId }: Mailbox, cursor: Cursor): void {
  if (status !== 'cursor-expired') return;
  const [acknowledged, head] = Position.parse(result);
  throw cursorExpired(cursor, { mailboxId, acknowledged, head });
}
