import assert from 'node:assert/strict';
import { newMessageId, type JsonText } from '../../../src/signalling/ids.ts';
import { IDEMPOTENCY_KEPT_MS } from '../../../src/signalling/limits.ts';
import type { Mailbox, OutgoingMessage, Receipt } from '../../../src/signalling/message.ts';
import type { Append } from '../../../src/signalling/store.ts';
import type { Action, SendAction } from './actions.ts';
import { idOf } from './participants.ts';
import { modelOf, isDead, isListening, othersThan, type MailboxModel, type Summary } from './state.ts';
import { attempt, exactly, expectRefusal, expectSuccess, type Expectations, type Simulation } from './simulation.ts';

export const MAX_MESSAGES = 8;

/** Recipients and skipped participants of each message, or the index at which the batch was refused. */
type Plan =
  | { readonly refusedAt: number }
  | {
      readonly deliveries: readonly {
        readonly to: readonly MailboxModel[];
        readonly skipped: readonly MailboxModel[];
      }[];
    };

export async function send(simulation: Simulation, action: SendAction): Promise<Expectations> {
  const mailbox = simulation.mailbox(action.who);
  if (mailbox === undefined) return new Map();
  const request = requestOf(simulation, mailbox, action);
  const outcome = await attempt(() => simulation.store.append(request));
  const model = modelOf(simulation.state, mailbox);
  if (model === undefined) {
    expectRefusal(outcome, 'participant-gone');
    return new Map();
  }
  const kept = request.idempotency && model.sends.get(request.idempotency.scope);
  if (kept !== undefined && kept.untilMs > simulation.nowMs) {
    if (kept.fingerprint !== request.idempotency?.fingerprint) expectRefusal(outcome, 'idempotency-key-reused');
    else assert.deepEqual(expectSuccess(outcome), { receipts: kept.outcome, replayed: true });
    return new Map();
  }
  const addressees = request.messages.map(({ recipient }) => addresseesOf(simulation, mailbox, recipient));
  const unknown = addressees.findIndex((found) => found === undefined);
  if (unknown !== -1) {
    assert.equal(expectRefusal(outcome, 'recipient-not-found').details.messageIndex, unknown);
    return new Map();
  }
  const known = addressees.map((found) => found ?? []);
  const plan = planOf(simulation, known, outcome);
  if ('refusedAt' in plan) {
    assert.equal(expectRefusal(outcome, 'mailbox-full').details.messageIndex, plan.refusedAt);
    return new Map();
  }
  const { receipts, replayed } = expectSuccess(outcome);
  assert.equal(replayed, false);
  checkReceipts(simulation, request.messages, plan, receipts);
  if (request.idempotency !== undefined) {
    const { scope, fingerprint } = request.idempotency;
    model.sends.set(scope, { fingerprint, untilMs: simulation.nowMs + IDEMPOTENCY_KEPT_MS, outcome: receipts });
  }
  return expectationsFor(simulation, mailbox, request.messages, plan);
}

function requestOf(simulation: Simulation, sender: Mailbox, { messages, key, body }: SendAction): Append {
  return {
    sender,
    messages: messages.map(({ to, ttlMs, size }): OutgoingMessage => {
      const message = {
        id: newMessageId(simulation.clock.wallMs()),
        type: 'custom',
        ttlMs,
        ...(size > 0 && { payload: JSON.stringify('x'.repeat(size)) as JsonText }),
        ...(size === 10 && { callId: 'call' }),
        ...(to !== null && idOf(to) !== sender.participantId && { recipient: idOf(to) }),
      };
      simulation.sent.set(message.id, { sender, message, sentAtMs: simulation.clock.wallMs() });
      return message;
    }),
    ...(key !== null && { idempotency: { scope: `send:${key}`, fingerprint: `${body}` } }),
  };
}

function addresseesOf(
  simulation: Simulation,
  sender: Mailbox,
  recipient: OutgoingMessage['recipient'],
): MailboxModel[] | undefined {
  const others = othersThan(simulation.state, sender);
  if (recipient === undefined) return others;
  const found = others.find(({ mailbox }) => mailbox.participantId === recipient);
  return found && [found];
}

/**
 * An overdue message counts until the store has expired it. Where that makes a difference, any count is valid.
 */
function planOf(
  simulation: Simulation,
  addressees: readonly (readonly MailboxModel[])[],
  outcome: Awaited<ReturnType<typeof attempt<{ receipts: readonly Receipt[] }>>>,
): Plan {
  const all = [...new Set(addressees.flat())];
  const plans = possibleCounts(simulation, all).map((counts) => simulate(addressees, counts));
  const [first = { deliveries: [] }] = plans;
  return plans.find((plan) => matches(plan, outcome)) ?? first;
}

type Counts = ReadonlyMap<MailboxModel, number>;

const possibleCounts = (simulation: Simulation, all: readonly MailboxModel[]): Counts[] =>
  all.reduce<Counts[]>(
    (some, model) =>
      some.flatMap((counts) => countsOf(simulation, model).map((count) => new Map([...counts, [model, count]]))),
    [new Map()],
  );

function countsOf(simulation: Simulation, model: MailboxModel): number[] {
  const pending = model.log.filter(({ message, position }) => message !== undefined && position > model.acknowledged);
  const living = pending.filter((entry) => !isDead(entry, simulation.nowMs)).length;
  const overdue = pending.filter((entry) => isDead(entry, simulation.nowMs) && !entry.swept && !entry.reported).length;
  return Array.from({ length: overdue + 1 }, (_, unmet) => living + unmet);
}

function matches(plan: Plan, outcome: Parameters<typeof planOf>[2]): boolean {
  if ('refusedAt' in plan || 'code' in outcome)
    return 'refusedAt' in plan && 'code' in outcome && outcome.error.details.messageIndex === plan.refusedAt;
  return plan.deliveries.every(({ to }, index) => {
    const { recipients = [] } = outcome.value.receipts[index] ?? {};
    return (
      to.length === recipients.length &&
      to.every((model, at) => model.mailbox.participantId === recipients[at]?.participantId)
    );
  });
}

function simulate(addressees: readonly (readonly MailboxModel[])[], before: Counts): Plan {
  const counts = new Map(before);
  const deliveries = [];
  for (const [index, all] of addressees.entries()) {
    const to = all.filter((model) => (counts.get(model) ?? 0) < MAX_MESSAGES);
    if (to.length === 0 && all.length > 0) return { refusedAt: index };
    for (const model of to) counts.set(model, (counts.get(model) ?? 0) + 1);
    deliveries.push({ to, skipped: all.filter((model) => !to.includes(model)) });
  }
  return { deliveries };
}

function checkReceipts(
  simulation: Simulation,
  messages: readonly OutgoingMessage[],
  plan: Extract<Plan, { deliveries: unknown }>,
  receipts: readonly Receipt[],
): void {
  const expected = messages.map(({ id }, index): Receipt => {
    const { to = [], skipped = [] } = plan.deliveries[index] ?? {};
    return {
      id,
      sentAtMs: simulation.clock.wallMs(),
      recipients: to.map((model) => ({
        participantId: model.mailbox.participantId,
        listening: isListening(model, simulation.nowMs),
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

function expectationsFor(
  simulation: Simulation,
  sender: Mailbox,
  messages: readonly OutgoingMessage[],
  { deliveries }: Extract<Plan, { deliveries: unknown }>,
): Expectations {
  const expectations: Expectations = new Map();
  for (const model of othersThan(simulation.state, sender)) {
    const summary = messages
      .filter((_, index) => deliveries[index]?.to.includes(model))
      .map(({ id }) => `message ${id}`);
    expectations.set(model.mailbox.mailboxId, exactly(...summary));
  }
  return expectations;
}

/** Several at once: each batch stays together, and all mailboxes agree on the order of the batches. */
export async function burst(
  simulation: Simulation,
  { sends }: Extract<Action, { kind: 'burst' }>,
): Promise<Expectations> {
  const batches: { readonly sender: Mailbox; readonly summary: readonly Summary[] }[] = [];
  const outcomes = sends.flatMap((action) => {
    const sender = simulation.mailbox(action.who);
    if (sender === undefined) return [];
    const { messages } = requestOf(simulation, sender, {
      ...action,
      messages: action.messages.map((one) => ({ ...one, to: null })),
    });
    batches.push({ sender, summary: messages.map(({ id }) => `message ${id}`) });
    return [attempt(() => simulation.store.append({ sender, messages }))];
  });
  const results = await Promise.all(outcomes);
  const stored = batches.filter((_, index) => {
    const result = results[index];
    return result !== undefined && 'value' in result;
  });
  const order = new BatchOrder(stored.map(({ summary }) => summary));
  const rooms = new Set(stored.map(({ sender }) => sender.roomId));
  return new Map(
    [...rooms].flatMap((roomId) =>
      [...(simulation.state.rooms.get(roomId)?.values() ?? [])].map(({ mailbox }) => [
        mailbox.mailboxId,
        (arrived: readonly Summary[]) => order.take(roomId, arrived),
      ]),
    ),
  );
}

class BatchOrder {
  readonly #batches: readonly (readonly Summary[])[];
  readonly #before = new Set<string>();

  constructor(batches: readonly (readonly Summary[])[]) {
    this.#batches = batches;
  }

  /**
   * Full mailboxes are skipped, so that a batch may come in part; but never out of order, and never in between another.
   */
  take(room: string, arrived: readonly Summary[]): void {
    const indexes = arrived.map((summary) => this.#batches.findIndex((batch) => batch.includes(summary)));
    const seen = indexes.filter((batch, at) => batch !== indexes[at - 1]);
    assert.equal(new Set(seen).size, seen.length, 'a batch was torn');
    assert.ok(!seen.includes(-1), 'a message that was never sent');
    for (const batch of seen) {
      const summary = this.#batches[batch] ?? [];
      const came = arrived.filter((one) => summary.includes(one));
      assert.deepEqual(
        came,
        summary.filter((one) => came.includes(one)),
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
