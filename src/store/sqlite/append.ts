import { z } from 'zod';
import type { ParticipantId } from '../../signalling/ids.ts';
import { IDEMPOTENCY_KEPT_MS } from '../../signalling/limits.ts';
import { messageBytes, type OutgoingMessage, type Receipt } from '../../signalling/message.ts';
import { overdrawn, pay, type Rate } from '../../signalling/rate.ts';
import type { Append, Appended } from '../../signalling/store.ts';
import { keyReused, mailboxFull, recipientNotFound } from '../refusals.ts';
import type { SqliteContext } from './context.ts';
import { deliver } from './deliver.ts';
import { presentOrGone } from './depart.ts';
import type { Tx } from './group-commit.ts';
import { isListening, type ParticipantRecord } from './records.ts';
import { refuseWhenFull } from './store-bound.ts';

interface Planned {
  readonly message: OutgoingMessage;
  readonly bytes: number;
  readonly recipients: readonly ParticipantRecord[];
  readonly skipped: readonly ParticipantRecord[];
}

export function append(context: SqliteContext, tx: Tx, { sender, messages, rate, idempotency }: Append): Appended {
  const from = presentOrGone(context, sender);
  const kept = idempotency && findKept(context, from, idempotency);
  if (kept !== undefined) return { receipts: kept, replayed: true };
  if (rate !== undefined) charge(context, tx, from, rate, messages.length);
  const planned = plan(context, from, messages);

  tx.touch(sender.roomId);
  const receipts = planned.map((delivery) => perform(context, tx, from, delivery));
  if (idempotency !== undefined) {
    const forgetAtMs = Math.floor(context.clock.steadyMs() + IDEMPOTENCY_KEPT_MS);
    const text = JSON.stringify(receipts);
    context.statements.keepSend.run(from.row, idempotency.scope, idempotency.fingerprint, text, forgetAtMs);
    from.keptBytes += text.length;
    context.directory.liveBytes += text.length;
  }
  return { receipts, replayed: false };
}

/** In memory, which is exact since one process has the file to itself. */
function charge(context: SqliteContext, tx: Tx, from: ParticipantRecord, rate: Rate, cost: number): void {
  const nowMs = context.clock.steadyMs();
  const fullAtMs = pay(rate, from.budgetFullAtMs, nowMs, cost);
  if (fullAtMs === undefined) throw overdrawn(rate, from.budgetFullAtMs, nowMs, cost);
  const before = from.budgetFullAtMs;
  tx.onRollback(() => (from.budgetFullAtMs = before));
  from.budgetFullAtMs = fullAtMs;
}

function findKept(
  context: SqliteContext,
  from: ParticipantRecord,
  { scope, fingerprint }: NonNullable<Append['idempotency']>,
) {
  const row = context.statements.findSend.get(from.row, scope);
  if (row === undefined || row.forget_at <= context.clock.steadyMs()) return undefined;
  if (row.fingerprint !== fingerprint) throw keyReused();
  return z.custom<Receipt[]>(Array.isArray).parse(JSON.parse(row.receipts));
}

/** Decides everything before anything is written: all messages of the batch, or none. */
function plan(context: SqliteContext, from: ParticipantRecord, messages: readonly OutgoingMessage[]): Planned[] {
  // Every recipient is looked up before any quota is.
  const addressees = messages.map(({ to }, messageIndex) =>
    to === undefined ? othersThan(from) : [recipientOf(from, to, messageIndex)],
  );
  refuseWhenFull(context, from.room.roomId);
  const quota = new Quota(context, messages.length > 1);
  return messages.map((message, messageIndex) => {
    const bytes = messageBytes(message);
    const addressed = addressees[messageIndex] ?? [];
    const recipients = addressed.filter((to) => quota.take(to, bytes));
    if (recipients.length === 0 && addressed.length > 0) throw mailboxFull(message, messageIndex);
    const skipped = recipients.length === addressed.length ? [] : addressed.filter((to) => !recipients.includes(to));
    return { message, bytes, recipients, skipped };
  });
}

const othersThan = (from: ParticipantRecord): ParticipantRecord[] =>
  [...from.room.participants.values()].filter((participant) => participant !== from);

function recipientOf(from: ParticipantRecord, to: ParticipantId, messageIndex: number): ParticipantRecord {
  const recipient = from.room.participants.get(to);
  if (recipient !== undefined) return recipient;
  throw recipientNotFound(to, messageIndex);
}

const NOTHING = { messages: 0, bytes: 0 };

/** What a batch would add to each mailbox, against its limits. */
class Quota {
  readonly #context: SqliteContext;
  /** Only when messages follow each other. */
  readonly #added: Map<ParticipantRecord, { messages: number; bytes: number }> | undefined;

  constructor(context: SqliteContext, isBatch: boolean) {
    this.#context = context;
    if (isBatch) this.#added = new Map();
  }

  take(to: ParticipantRecord, bytes: number): boolean {
    const { maxMailboxMessages, maxMailboxBytes } = this.#context.limits;
    const added = this.#added?.get(to) ?? NOTHING;
    if (to.messages + added.messages >= maxMailboxMessages) return false;
    if (to.messageBytes + added.bytes + bytes > maxMailboxBytes) return false;
    this.#added?.set(to, { messages: added.messages + 1, bytes: added.bytes + bytes });
    return true;
  }
}

function perform(
  context: SqliteContext,
  tx: Tx,
  from: ParticipantRecord,
  { message, bytes, recipients, skipped }: Planned,
): Receipt {
  const sentAtMs = context.clock.wallMs();
  const nowMs = context.clock.steadyMs();
  const { id, to: addressee, type, payload, callId, lifetimeMs } = message;
  const addressed = addressee !== undefined;
  const delivery = { id, sender: from, addressed, type, payload, callId, sentAtMs, lifetimeMs, bytes };
  for (const to of recipients) deliver(context, tx, to, delivery);
  const receipt: Receipt = {
    id,
    sentAtMs,
    recipients: recipients.map((to) => ({ participantId: to.participantId, listening: isListening(to, nowMs) })),
  };
  if (skipped.length === 0) return receipt;
  return {
    ...receipt,
    skipped: skipped.map((to) => ({ participantId: to.participantId, code: 'mailbox-full' as const })),
  };
}
