import { IDEMPOTENCY_KEPT_MS, type Limits } from '../../signalling/limits.ts';
import { messageBytes } from '../../signalling/message.ts';
import { overdrawn } from '../../signalling/rate.ts';
import type { Append, Appended } from '../../signalling/store.ts';
import { keyReused, mailboxFull, recipientNotFound } from '../refusals.ts';
import { bodyOf, receiptsOf } from './entries.ts';
import { Appended as AppendedReply } from './replies.ts';
import type { Outcome, RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';

/** No participant can have that name. */
const EVERYONE = '*';

export async function append(rooms: RoomScripts, limits: Limits, request: Append): Promise<Appended> {
  const { sender, messages } = request;
  const wallMs = rooms.wallMs();
  const outcome = await rooms.runFor(
    sender,
    SCRIPTS.append,
    [
      ...[...rateOf(request), ...idempotencyOf(request)],
      ...[limits.maxMailboxMessages, limits.maxMailboxBytes],
      ...messages.flatMap((message) => {
        const body = bodyOf(message, sender.participantId, wallMs);
        return [message.id, message.recipient ?? EVERYONE, message.ttlMs, messageBytes(message), body];
      }),
    ],
    { confirmed: true, wallMs },
  );
  if (outcome.status !== 'ok') throw refusalOf(outcome, request);
  const [replayed, receipts] = AppendedReply.parse(outcome.said);
  return { receipts: receiptsOf(receipts), replayed };
}

function rateOf({ rate }: Append): readonly (string | number)[] {
  if (rate === undefined || rate.quota === Infinity) return ['', '', ''];
  return [rate.windowMs / rate.quota, rate.windowMs, rate.quota];
}

function idempotencyOf({ idempotency }: Append): readonly (string | number)[] {
  return [idempotency?.scope ?? '', idempotency?.fingerprint ?? '', IDEMPOTENCY_KEPT_MS];
}

function refusalOf({ status, said: [detail], nowMs }: Outcome, { rate, messages }: Append): Error {
  if (status === 'idempotency-key-reused') return keyReused();
  if (status === 'rate-limited' && rate !== undefined) return overdrawn(rate, Number(detail), nowMs, messages.length);
  const index = Number(detail);
  const message = messages[index];
  if (status === 'mailbox-full' && message !== undefined) return mailboxFull(message, index);
  if (status === 'recipient-not-found' && message?.recipient !== undefined)
    return recipientNotFound(message.recipient, index);
  return new Error(`append.lua answered ${status}`);
}
