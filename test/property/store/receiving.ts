import assert from 'node:assert/strict';
import { decodeCursor } from '../../../src/signalling/cursor.ts';
import type { SignallingError } from '../../../src/signalling/errors.ts';
import type { Mailbox } from '../../../src/signalling/message.ts';
import type { Action } from './actions.ts';
import { checkPage } from './check.ts';
import { behind, modelById, modelOf, headOf, isDead, unreported, type MailboxModel, type Entry } from './state.ts';
import { attempt, inAnyOrder, expectRefusal, expectSuccess, type Expectations, type Simulation } from './simulation.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

/** A recent cursor for most indexes; sometimes one that was never issued. */
function cursorOf(simulation: Simulation, { mailboxId }: Mailbox, index: number): number {
  const known = simulation.cursors.get(mailboxId) ?? [];
  if (index === 20) return Number.MAX_SAFE_INTEGER;
  return known[known.length - 1 - (index % Math.max(1, known.length))] ?? 0;
}

export async function read(
  simulation: Simulation,
  { who, cursor, limit, maxBytes }: Of<'read'>,
): Promise<Expectations> {
  const mailbox = simulation.mailbox(who);
  if (mailbox === undefined) return new Map();
  const position = cursor === null ? undefined : cursorOf(simulation, mailbox, cursor);
  const after = position === undefined ? undefined : { mailboxId: mailbox.mailboxId, position };
  const outcome = await attempt(() => simulation.store.read(mailbox, { after, limit, maxBytes }));
  const model = modelOf(simulation.state, mailbox);
  if (model === undefined) expectRefusal(outcome, 'participant-gone');
  else if (position !== undefined && (position < model.acknowledged || position > headOf(model)))
    checkReset(model, expectRefusal(outcome, 'cursor-expired'));
  else checkPage(simulation, model, position ?? model.acknowledged, expectSuccess(outcome), limit, maxBytes);
  return new Map();
}

function checkReset(model: MailboxModel, error: SignallingError): void {
  const { mailboxId } = model.mailbox;
  assert.deepEqual(decodeCursor(error.details.resetCursor ?? ''), { mailboxId, position: model.acknowledged });
}

export async function acknowledge(
  simulation: Simulation,
  { who, cursor, soon }: Of<'acknowledge'>,
): Promise<Expectations> {
  const mailbox = simulation.mailbox(who);
  if (mailbox === undefined) return new Map();
  const position = cursorOf(simulation, mailbox, cursor);
  const after = { mailboxId: mailbox.mailboxId, position };
  const model = modelOf(simulation.state, mailbox);
  if (soon) await acknowledgeSoon(simulation, mailbox, position);
  else {
    const outcome = await attempt(() => simulation.store.acknowledge(mailbox, after));
    if (model === undefined) expectRefusal(outcome, 'participant-gone');
    else if (position > headOf(model)) checkReset(model, expectRefusal(outcome, 'cursor-expired'));
    else expectSuccess(outcome);
  }
  if (model === undefined || position > headOf(model)) return new Map();
  const late = settle(simulation, model, position);
  if (!soon) model.acknowledgedForSure = model.acknowledged;
  return reportsOf(simulation, late);
}

/** With a write behind it, before which it takes effect. */
async function acknowledgeSoon(simulation: Simulation, mailbox: Mailbox, position: number): Promise<void> {
  simulation.store.acknowledgeWriteBehind(mailbox, { mailboxId: mailbox.mailboxId, position });
  await simulation.store.depart('nowhere' as never, 'nobody' as never, 'left');
}

/** @returns those of the mailbox that may be reported now, since they were not acknowledged in their lifetime */
function settle(simulation: Simulation, model: MailboxModel, position: number): Late[] {
  if (position <= model.acknowledged) return [];
  for (const entry of model.log) {
    const covered = entry.position > model.acknowledged && entry.position <= position;
    if (covered && isDead(entry, simulation.nowMs) && !entry.reported && !entry.swept) entry.owed = true;
  }
  const late = unreported(model, simulation.nowMs).map((entry) => ({ model, entry }));
  model.acknowledged = position;
  return late;
}

export interface Late {
  readonly model: MailboxModel;
  readonly entry: Entry;
}

export const reportOf = ({ model, entry }: Late): string =>
  `expired ${entry.message?.id ?? ''} to ${model.mailbox.participantId}`;

/** The reports that may come to the senders now; whatever comes is noted. */
function reportsOf(simulation: Simulation, late: readonly Late[]): Expectations {
  const expectations: Expectations = new Map();
  for (const { entry } of late) {
    const sender = entry.message && modelById(simulation.state, entry.message.sender);
    if (sender === undefined) continue;
    const { mailboxId } = sender.mailbox;
    const own = late.filter((one) => one.entry.message?.sender === mailboxId);
    expectations.set(mailboxId, (arrived) => {
      inAnyOrder([], own.map(reportOf))(arrived);
      for (const one of own) one.entry.reported ||= arrived.includes(reportOf(one));
    });
  }
  return expectations;
}

/** Reads the mailbox to its end in small pages, each checked. */
export async function readThrough(simulation: Simulation, model: MailboxModel): Promise<void> {
  for (let from = model.acknowledged; behind(model, from).length > 0;) {
    const after = { mailboxId: model.mailbox.mailboxId, position: from };
    const page = await simulation.store.read(model.mailbox, { after, limit: 3, maxBytes: 3_000 });
    checkPage(simulation, model, from, page, 3, 3_000);
    from = page.position;
  }
}
