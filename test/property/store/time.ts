import assert from 'node:assert/strict';
import { decodeCursor, type Cursor } from '../../../src/signalling/cursor.ts';
import { GONE_REMEMBERED_MS, LISTENING_GRACE_MS, RECONNECT_GRACE_MS } from '../../../src/signalling/limits.ts';
import type { PollOutcome } from '../../../src/signalling/store.ts';
import type { Action } from './actions.ts';
import { reportOf, type Late } from './receiving.ts';
import { mailboxModels, modelOf, copyOf, depart, idleFromMs, unreported, type MailboxModel } from './state.ts';
import { attempt, inAnyOrder, expectRefusal, type Expectations, type Simulation } from './simulation.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

const NOTHING: Expectations = new Map();
/** Maximum delay until the store detects a departure. */
const SLACK_MS = 1_000;
const HOLD_MS = 25_000;

export async function presence(
  simulation: Simulation,
  action: Of<'touch' | 'hold' | 'end-poll'>,
): Promise<Expectations> {
  const mailbox = simulation.mailbox(action.who);
  if (mailbox === undefined) return new Map();
  const { store, nowMs } = simulation;
  if (action.kind === 'touch') store.touch(mailbox);
  if (action.kind === 'hold') simulation.openPoll(mailbox).hold(HOLD_MS);
  if (action.kind === 'end-poll') {
    (simulation.polls.get(mailbox.mailboxId) ?? store.openPoll(mailbox)).end(action.outcome);
    simulation.polls.delete(mailbox.mailboxId);
  }
  const model = modelOf(simulation.state, mailbox);
  if (model === undefined) return new Map();
  if (action.kind === 'end-poll') endPoll(model, action.outcome, nowMs);
  if (action.kind === 'hold') model.heldUntilMs = nowMs + HOLD_MS;
  else model.seenAtMs = nowMs;
  return new Map();
}

function endPoll(model: MailboxModel, outcome: PollOutcome, nowMs: number): void {
  const wasHeld = model.heldUntilMs > 0;
  model.heldUntilMs = 0;
  if (outcome === 'answered') model.listensUntilMs = nowMs + LISTENING_GRACE_MS;
  if (outcome === 'cut' && wasHeld) model.listensUntilMs = nowMs + RECONNECT_GRACE_MS;
}

export async function pass(simulation: Simulation, { ms, sweep }: Of<'pass'>): Promise<Expectations> {
  await simulation.clock.advance(ms);
  return sweep === 'none' ? new Map() : sweeping(simulation, sweep === 'all');
}

/** Sweeps the store and determines the effects of the sweep: everything that was due, if `toTheEnd`. */
export async function sweeping(simulation: Simulation, toTheEnd: boolean): Promise<Expectations> {
  const { state, store, nowMs } = simulation;
  const late = mailboxModels(state).flatMap((model) =>
    unreported(model, nowMs).map((entry): Late => ({ model, entry })),
  );
  do {
    if (!(await store.sweep())) break;
  } while (toTheEnd);
  const gone = await learnDepartures(simulation, toTheEnd);
  const expectations: Expectations = new Map();
  for (const model of mailboxModels(state))
    expectations.set(model.mailbox.mailboxId, expectationFor(model, gone, late, toTheEnd));
  if (toTheEnd) for (const { model, entry } of late) entry.swept ||= modelOf(state, model.mailbox) !== undefined;
  return expectations;
}

async function learnDepartures(simulation: Simulation, toTheEnd: boolean): Promise<MailboxModel[]> {
  const gone: MailboxModel[] = [];
  for (const [roomId, room] of simulation.state.rooms) {
    const there = new Set((await simulation.store.participants(roomId)).map(({ participantId }) => participantId));
    for (const [participantId, model] of room) {
      const overdueMs = simulation.nowMs - idleFromMs(model);
      if (there.has(participantId)) {
        assert.ok(!toTheEnd || overdueMs < SLACK_MS, `${participantId} should have timed out`);
        continue;
      }
      assert.ok(overdueMs >= 0, `${participantId} timed out too early`);
      gone.push(model);
    }
  }
  for (const model of gone) depart(simulation.state, model, 'timeout', simulation.nowMs + GONE_REMEMBERED_MS);
  return gone;
}

function expectationFor(model: MailboxModel, gone: readonly MailboxModel[], late: readonly Late[], toTheEnd: boolean) {
  const { roomId, mailboxId } = model.mailbox;
  const left = gone
    .filter(({ mailbox }) => mailbox.roomId === roomId)
    .map(({ mailbox }) => `left ${mailbox.participantId} timeout`);
  const own = late.filter(({ entry }) => entry.message?.sender === mailboxId);
  const must = own.filter((one) => toTheEnd && !gone.includes(one.model));
  return (arrived: readonly string[]): void => {
    inAnyOrder([...left, ...must.map(reportOf)], own.map(reportOf))(arrived);
    for (const one of own) one.entry.reported ||= arrived.includes(reportOf(one));
  };
}

export async function restart(simulation: Simulation, { how, jumpMs }: Of<'restart'>): Promise<Expectations> {
  // Positions cannot make up for a clock and data that both go back.
  const jumps = jumpMs > 0 || (jumpMs < 0 && simulation.copy === undefined);
  // Otherwise an overdue message that was not swept would live again.
  const expectations = jumps ? await sweeping(simulation, true) : NOTHING;
  if (jumps) {
    simulation.clockWentBack ||= jumpMs < 0;
    simulation.clock.jumpWall(jumpMs);
    simulation.clock = simulation.clock.restarted();
  }
  await simulation.opened[how](simulation.clock);
  await beginAnew(simulation);
  return expectations;
}

export async function copy(simulation: Simulation): Promise<Expectations> {
  if (simulation.clockWentBack) return new Map();
  const restore = await simulation.opened.copy();
  simulation.copy = { state: copyOf(simulation.state), restore: () => restore(simulation.clock) };
  await simulation.clock.advance(1);
  return new Map();
}

export async function rollBack(simulation: Simulation): Promise<Expectations> {
  if (simulation.copy === undefined) return new Map();
  await simulation.clock.advance(1);
  await simulation.copy.restore();
  simulation.state = copyOf(simulation.copy.state);
  await beginAnew(simulation);
  return new Map();
}

/** A restart forgets presence, and may lose write-behind acknowledgements. */
async function beginAnew(simulation: Simulation): Promise<void> {
  simulation.polls.clear();
  for (const model of mailboxModels(simulation.state)) {
    Object.assign(model, { seenAtMs: simulation.nowMs, heldUntilMs: 0, listensUntilMs: 0 });
    const { position } = await acknowledgedOf(simulation, model);
    assert.ok(position >= model.acknowledgedForSure && position <= model.acknowledged, 'an acknowledgement was lost');
    model.acknowledged = model.acknowledgedForSure = position;
  }
}

/** The store reports it in the refusal of a cursor from far ahead. */
async function acknowledgedOf({ store }: Simulation, { mailbox }: MailboxModel): Promise<Cursor> {
  const after = { mailboxId: mailbox.mailboxId, position: Number.MAX_SAFE_INTEGER };
  const error = expectRefusal(
    await attempt(() => store.read(mailbox, { after, limit: 1, maxBytes: 1 })),
    'cursor-expired',
  );
  return decodeCursor(error.details.resetCursor ?? '');
}
