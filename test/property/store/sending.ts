import assert from 'node:assert/strict';
import { newMessageId, type JsonText } from '../../../src/signalling/ids.ts';
import { IDEMPOTENCY_KEPT_MS } from '../../../src/signalling/limits.ts';
import type { Mailbox, OutgoingMessage, Receipt } from '../../../src/signalling/message.ts';
import type { Append } from '../../../src/signalling/store.ts';
import type { Action, SendAction } from './actions.ts';
import { idOf } from './participants.ts';
import { boxOf, isDead, isListening, othersThan, type Box, type Words } from './state.ts';
import { attempt, exactly, refusedWith, worked, type Tails, type World } from './world.ts';

export const MAX_MESSAGES = 8;

/** Of each message, who got it and who was skipped; or at which one the batch was refused. */
type Plan =
  | { readonly refusedAt: number }
  | { readonly deliveries: readonly { readonly to: readonly Box[]; readonly skipped: readonly Box[] }[] };

export async function send(world: World, action: SendAction): Promise<Tails> {
  const mailbox = world.mailbox(action.who);
  if (mailbox === undefined) return new Map();
  const request = requestOf(world, mailbox, action);
  const outcome = await attempt(world.store.append(request));
  const box = boxOf(world.state, mailbox);
  if (box === undefined) {
    refusedWith(outcome, 'participant-gone');
    return new Map();
  }
  const kept = request.idempotency && box.sends.get(request.idempotency.scope);
  if (kept !== undefined && kept.untilMs > world.nowMs) {
    if (kept.fingerprint !== request.idempotency?.fingerprint) refusedWith(outcome, 'idempotency-key-reused');
    else assert.deepEqual(worked(outcome), { receipts: kept.outcome, replayed: true });
    return new Map();
  }
  const addressees = request.messages.map(({ recipient }) => addresseesOf(world, mailbox, recipient));
  const unknown = addressees.findIndex((found) => found === undefined);
  if (unknown !== -1) {
    assert.equal(refusedWith(outcome, 'recipient-not-found').details.messageIndex, unknown);
    return new Map();
  }
  const known = addressees.map((found) => found ?? []);
  const plan = planOf(world, known, outcome);
  if ('refusedAt' in plan) {
    assert.equal(refusedWith(outcome, 'mailbox-full').details.messageIndex, plan.refusedAt);
    return new Map();
  }
  const { receipts, replayed } = worked(outcome);
  assert.equal(replayed, false);
  checkReceipts(world, request.messages, plan, receipts);
  if (request.idempotency !== undefined) {
    const { scope, fingerprint } = request.idempotency;
    box.sends.set(scope, { fingerprint, untilMs: world.nowMs + IDEMPOTENCY_KEPT_MS, outcome: receipts });
  }
  return tailsOf(world, mailbox, request.messages, plan);
}

function requestOf(world: World, sender: Mailbox, { messages, key, body }: SendAction): Append {
  return {
    sender,
    messages: messages.map(({ to, ttlMs, size }): OutgoingMessage => {
      const message = {
        id: newMessageId(world.clock.wallMs()),
        type: 'custom',
        ttlMs,
        ...(size > 0 && { payload: JSON.stringify('x'.repeat(size)) as JsonText }),
        ...(size === 10 && { callId: 'call' }),
        ...(to !== null && idOf(to) !== sender.participantId && { recipient: idOf(to) }),
      };
      world.sent.set(message.id, { sender, message, sentAtMs: world.clock.wallMs() });
      return message;
    }),
    ...(key !== null && { idempotency: { scope: `send:${key}`, fingerprint: `${body}` } }),
  };
}

function addresseesOf(world: World, sender: Mailbox, recipient: OutgoingMessage['recipient']): Box[] | undefined {
  const others = othersThan(world.state, sender);
  if (recipient === undefined) return others;
  const found = others.find(({ mailbox }) => mailbox.participantId === recipient);
  return found && [found];
}

/** Messages that are overdue count until the store has met them, one by one: where that makes a difference, any count will do. */
function planOf(
  world: World,
  addressees: readonly (readonly Box[])[],
  outcome: Awaited<ReturnType<typeof attempt<{ receipts: readonly Receipt[] }>>>,
): Plan {
  const all = [...new Set(addressees.flat())];
  const plans = possibleCounts(world, all).map((counts) => simulate(addressees, counts));
  const [first = { deliveries: [] }] = plans;
  return plans.find((plan) => matches(plan, outcome)) ?? first;
}

type Counts = ReadonlyMap<Box, number>;

const possibleCounts = (world: World, all: readonly Box[]): Counts[] =>
  all.reduce<Counts[]>(
    (some, box) => some.flatMap((counts) => countsOf(world, box).map((count) => new Map([...counts, [box, count]]))),
    [new Map()],
  );

function countsOf(world: World, box: Box): number[] {
  const pending = box.log.filter(({ message, position }) => message !== undefined && position > box.acknowledged);
  const living = pending.filter((entry) => !isDead(entry, world.nowMs)).length;
  const overdue = pending.filter((entry) => isDead(entry, world.nowMs) && !entry.swept && !entry.reported).length;
  return Array.from({ length: overdue + 1 }, (_, unmet) => living + unmet);
}

function matches(plan: Plan, outcome: Parameters<typeof planOf>[2]): boolean {
  if ('refusedAt' in plan || 'code' in outcome)
    return 'refusedAt' in plan && 'code' in outcome && outcome.error.details.messageIndex === plan.refusedAt;
  return plan.deliveries.every(({ to }, index) => {
    const { recipients = [] } = outcome.value.receipts[index] ?? {};
    return (
      to.length === recipients.length &&
      to.every((box, at) => box.mailbox.participantId === recipients[at]?.participantId)
    );
  });
}

function simulate(addressees: readonly (readonly Box[])[], before: Counts): Plan {
  const counts = new Map(before);
  const deliveries = [];
  for (const [index, all] of addressees.entries()) {
    const to = all.filter((box) => (counts.get(box) ?? 0) < MAX_MESSAGES);
    if (to.length === 0 && all.length > 0) return { refusedAt: index };
    for (const box of to) counts.set(box, (counts.get(box) ?? 0) + 1);
    deliveries.push({ to, skipped: all.filter((box) => !to.includes(box)) });
  }
  return { deliveries };
}

function checkReceipts(
  world: World,
  messages: readonly OutgoingMessage[],
  plan: Extract<Plan, { deliveries: unknown }>,
  receipts: readonly Receipt[],
): void {
  const expected = messages.map(({ id }, index): Receipt => {
    const { to = [], skipped = [] } = plan.deliveries[index] ?? {};
    return {
      id,
      sentAtMs: world.clock.wallMs(),
      recipients: to.map((box) => ({
        participantId: box.mailbox.participantId,
        listening: isListening(box, world.nowMs),
      })),
      ...(skipped.length > 0 && {
        skipped: skipped.map(({ mailbox }) => ({
          participantId: mailbox.participantId,
          code: 'mailbox-full' as const,
        })),
      }),
    };
  });
  assert.deepEqual(receipts, expected);
}

function tailsOf(
  world: World,
  sender: Mailbox,
  messages: readonly OutgoingMessage[],
  { deliveries }: Extract<Plan, { deliveries: unknown }>,
): Tails {
  const tails: Tails = new Map();
  for (const box of othersThan(world.state, sender)) {
    const words = messages.filter((_, index) => deliveries[index]?.to.includes(box)).map(({ id }) => `message ${id}`);
    tails.set(box.mailbox.mailboxId, exactly(...words));
  }
  return tails;
}

/** Several at once: each batch stays together, and all mailboxes agree on the order of the batches. */
export async function burst(world: World, { sends }: Extract<Action, { kind: 'burst' }>): Promise<Tails> {
  const batches: { readonly sender: Mailbox; readonly words: readonly Words[] }[] = [];
  const outcomes = sends.flatMap((action) => {
    const sender = world.mailbox(action.who);
    if (sender === undefined) return [];
    const { messages } = requestOf(world, sender, {
      ...action,
      messages: action.messages.map((one) => ({ ...one, to: null })),
    });
    batches.push({ sender, words: messages.map(({ id }) => `message ${id}`) });
    return [attempt(world.store.append({ sender, messages }))];
  });
  const results = await Promise.all(outcomes);
  const stored = batches.filter((_, index) => {
    const result = results[index];
    return result !== undefined && 'value' in result;
  });
  const order = new BatchOrder(stored.map(({ words }) => words));
  const rooms = new Set(stored.map(({ sender }) => sender.roomId));
  return new Map(
    [...rooms].flatMap((roomId) =>
      [...(world.state.rooms.get(roomId)?.values() ?? [])].map(({ mailbox }) => [
        mailbox.mailboxId,
        (tail: readonly Words[]) => order.take(roomId, tail),
      ]),
    ),
  );
}

class BatchOrder {
  readonly #batches: readonly (readonly Words[])[];
  readonly #before = new Set<string>();

  constructor(batches: readonly (readonly Words[])[]) {
    this.#batches = batches;
  }

  /** Full mailboxes are skipped, so that a batch may come in part; but never out of order, and never in between another. */
  take(room: string, tail: readonly Words[]): void {
    const indexes = tail.map((words) => this.#batches.findIndex((batch) => batch.includes(words)));
    const seen = indexes.filter((batch, at) => batch !== indexes[at - 1]);
    assert.equal(new Set(seen).size, seen.length, 'a batch was torn');
    assert.ok(!seen.includes(-1), 'nobody sent this');
    for (const batch of seen) {
      const words = this.#batches[batch] ?? [];
      const came = tail.filter((one) => words.includes(one));
      assert.deepEqual(
        came,
        words.filter((one) => came.includes(one)),
        'a batch changed its order',
      );
    }
    for (const [at, one] of seen.entries())
      for (const other of seen.slice(at + 1)) {
        assert.ok(!this.#before.has(`${room} ${other} ${one}`), 'mailboxes disagree on the order');
        this.#before.add(`${room} ${one} ${other}`);
      }
  }
}
