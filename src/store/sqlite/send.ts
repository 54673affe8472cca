import { z } from 'zod';
import { isSameBody, type ScopedIdempotency } from '../../signalling/idempotency.ts';
import type { ParticipantId } from '../../signalling/ids.ts';
import { IDEMPOTENCY_KEPT_MS } from '../../signalling/limits.ts';
import { messageBytes, type OutgoingMessage, type Receipt } from '../../signalling/message.ts';
import { consume, exceeded, type RateLimit } from '../../signalling/rate-limit.ts';
import type { Append, Appended } from '../../signalling/store.ts';
import { idempotencyKeyReused, mailboxFull, recipientNotFound } from '../../signalling/errors.ts';
import { refuseWhenFull, type SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import type { ParticipantRecord } from './records.ts';

export function append(
  context: SqliteContext,
  tx: Tx,
  { sender: address, messages, rate, idempotency }: Append,
): Appended {
  const sender = context.index.require(address);
  const kept = idempotency && findOutcome(context, sender, idempotency);
  if (kept !== undefined) return { receipts: kept, replayed: true };
  if (rate !== undefined) charge(context, tx, sender, { rate, cost: messages.length });
  const routings = route(context, sender, messages);

  tx.touch(address.roomId);
  const receipts = routings.map((routing) => deliver(context, tx, sender, routing));
  if (idempotency !== undefined) keepOutcome(context, tx, sender, { ...idempotency, receipts });
  return { receipts, replayed: false };
}

/** The budget is in memory only, which is exact, since one process owns the file. */
function charge(
  { clock }: SqliteContext,
  tx: Tx,
  sender: ParticipantRecord,
  { rate, cost }: { rate: RateLimit; cost: number },
): void {
  const nowMs = clock.steadyMs();
  const before = sender.budgetFullAtMs;
  const fullAtMs = consume(rate, before, nowMs, cost);
  if (fullAtMs === undefined) throw exceeded(rate, before, nowMs, cost);
  tx.onRollback(() => (sender.budgetFullAtMs = before));
  sender.budgetFullAtMs = fullAtMs;
}

/** The recipients of one message of a batch. */
interface Routing {
  readonly message: OutgoingMessage;
  readonly bytes: number;
  readonly recipients: readonly ParticipantRecord[];
  /** Recipients of a broadcast whose mailbox is full. */
  readonly skipped: readonly ParticipantRecord[];
}

/** Decides everything before the first write: either all messages of the batch are stored or none. */
function route(context: SqliteContext, sender: ParticipantRecord, messages: readonly OutgoingMessage[]): Routing[] {
  // Resolves the recipients of all messages before it checks any quota.
  const addressees = messages.map(({ recipient }, messageIndex) =>
    recipient === undefined ? othersThan(sender) : [recipientOf(sender, recipient, messageIndex)],
  );
  refuseWhenFull(context, sender.room.roomId);
  const quota = new Quota(context, messages.length > 1);
  return messages.map((message, messageIndex) => {
    const bytes = messageBytes(message);
    const all = addressees[messageIndex] ?? [];
    const recipients = all.filter((recipient) => quota.take(recipient, bytes));
    if (recipients.length === 0 && all.length > 0) throw mailboxFull(message, messageIndex);
    const skipped = recipients.length === all.length ? [] : all.filter((one) => !recipients.includes(one));
    return { message, bytes, recipients, skipped };
  });
}

const othersThan = (sender: ParticipantRecord): ParticipantRecord[] =>
  [...sender.room.participants.values()].filter((participant) => participant !== sender);

function recipientOf(sender: ParticipantRecord, participantId: ParticipantId, messageIndex: number): ParticipantRecord {
  const recipient = sender.room.participants.get(participantId);
  if (recipient === undefined) throw recipientNotFound(participantId, messageIndex);
  return recipient;
}

const NOTHING = { messages: 0, bytes: 0 };

/** Checks what a batch would add to each mailbox against the limits. */
class Quota {
  readonly #context: SqliteContext;
  /** Needed only for batches of several messages. */
  readonly #added: Map<ParticipantRecord, { messages: number; bytes: number }> | undefined;

  constructor(context: SqliteContext, isBatch: boolean) {
    this.#context = context;
    this.#added = isBatch ? new Map() : undefined;
  }

  /** @returns false when the mailbox is full */
  take(recipient: ParticipantRecord, bytes: number): boolean {
    const { maxMailboxMessages, maxMailboxBytes } = this.#context.limits;
    const added = this.#added?.get(recipient) ?? NOTHING;
    if (recipient.mailbox.messages + added.messages >= maxMailboxMessages) return false;
    if (recipient.mailbox.messageBytes + added.bytes + bytes > maxMailboxBytes) return false;
    this.#added?.set(recipient, { messages: added.messages + 1, bytes: added.bytes + bytes });
    return true;
  }
}

/** Appends a copy to each recipient's mailbox. */
function deliver(
  { clock }: SqliteContext,
  tx: Tx,
  sender: ParticipantRecord,
  { message, bytes, recipients, skipped }: Routing,
): Receipt {
  const sentAtMs = clock.wallMs();
  const nowMs = clock.steadyMs();
  const storedAtMs = Math.floor(nowMs);
  const expiresAtMs = Math.floor(nowMs + message.ttlMs);
  for (const { mailbox } of recipients) {
    mailbox.add({
      position: mailbox.nextPosition(nowMs),
      id: message.id,
      senderRow: sender.row,
      sender: sender.participantId,
      addressed: message.recipient === undefined ? 0 : 1,
      type: message.type,
      payload: message.payload ?? null,
      callId: message.callId ?? null,
      sentAtMs,
      storedAtMs,
      expiresAtMs,
      bytes,
      expired: 0,
    });
    tx.hint({ kind: 'messages', mailboxId: mailbox.mailboxId });
  }
  return receiptOf(message, sentAtMs, nowMs, { recipients, skipped });
}

function receiptOf(
  { id }: OutgoingMessage,
  sentAtMs: number,
  nowMs: number,
  { recipients, skipped }: Pick<Routing, 'recipients' | 'skipped'>,
): Receipt {
  const receipt: Receipt = {
    id,
    sentAtMs,
    recipients: recipients.map((to) => ({ participantId: to.participantId, listening: to.isListening(nowMs) })),
  };
  if (skipped.length === 0) return receipt;
  return {
    ...receipt,
    skipped: skipped.map(({ participantId }) => ({ participantId, code: 'mailbox-full' as const })),
  };
}

const keptReceipts = z.custom<Receipt[]>(Array.isArray);

function findOutcome(
  { statements, clock }: SqliteContext,
  sender: ParticipantRecord,
  { scope, fingerprint }: ScopedIdempotency,
): readonly Receipt[] | undefined {
  const send = sender.sends?.get(scope);
  if (send === undefined || send.forgetAtMs <= clock.steadyMs()) return undefined;
  const outcome = statements.outcomeOf.get(send.row);
  if (outcome === undefined) return undefined;
  if (!isSameBody(outcome.fingerprint, fingerprint)) throw idempotencyKeyReused();
  return keptReceipts.parse(JSON.parse(outcome.receipts));
}

/** Memory has only what finds the row: a busy service keeps very many, and few are ever asked for. */
function keepOutcome(
  { statements, clock, index }: SqliteContext,
  tx: Tx,
  sender: ParticipantRecord,
  { scope, fingerprint, receipts }: ScopedIdempotency & { readonly receipts: readonly Receipt[] },
): void {
  const text = JSON.stringify(receipts);
  const forgetAtMs = Math.floor(clock.steadyMs() + IDEMPOTENCY_KEPT_MS);
  const { lastInsertRowid } = statements.insertSend.run(sender.row, scope, fingerprint, text, forgetAtMs);
  const row = Number(lastInsertRowid);
  const send = { row, senderRow: sender.row, scope, forgetAtMs, bytes: scope.length + text.length };
  const replaced = sender.keepSend(send);
  index.sends.add(tx, send, () => sender.restoreSend(send, replaced));
}
