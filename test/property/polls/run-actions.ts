import assert from 'node:assert/strict';
import type { JsonText } from '../../../src/signalling/ids.ts';
import { decodeCursor } from '../../../src/signalling/cursor.ts';
import { LISTENING_GRACE_MS } from '../../../src/signalling/limits.ts';
import { TestClock } from '../../support/clock.ts';
import { WIDE_LIMITS, type OpenPersistentStore } from '../../support/store.ts';
import type { Action } from './actions.ts';
import type { Client } from './client.ts';
import { idOf, Simulation } from './simulation.ts';
import type { SocketReading } from './socket-reading.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

/** Runs the actions of the clients. Every answer must be complete and in order, and at the end no message is lost. */
export async function runActions(openStore: OpenPersistentStore, sequence: readonly Action[]): Promise<void> {
  const clock = new TestClock();
  const simulation = new Simulation(await openStore({ clock, limits: WIDE_LIMITS }), clock);
  try {
    for (const action of sequence) {
      await perform(simulation, action);
      await simulation.settle();
    }
    await finish(simulation);
  } finally {
    simulation.stop();
    await simulation.opened.close();
  }
}

async function perform(simulation: Simulation, action: Action): Promise<void> {
  switch (action.kind) {
    case 'join':
      return simulation.join(idOf(action.id), action.how);
    case 'send':
      return send(simulation, action);
    case 'poll':
      return poll(simulation, action);
    case 'read':
      return read(simulation, action);
    case 'catch-up':
      return catchUp(simulation, action);
    case 'lose':
      return lose(simulation, action);
    case 'hang-up':
      return hangUp(simulation, action);
    case 'cut':
      return cut(simulation, action);
    case 'acknowledge':
      return acknowledge(simulation, action);
    case 'leave':
      return leave(simulation, action);
    case 'pass':
      return simulation.clock.advance(action.ms);
    case 'together':
      await Promise.all(action.actions.map((one) => perform(simulation, one)));
      return;
    case 'reads':
      simulation.slowReads = action.slow;
      return;
    case 'hints':
      simulation.hints = action.fate;
      return;
    case 'roster':
      return simulation.checkRoster();
    case 'restart':
      return simulation.restart(action.how);
    case 'drain':
      return drain(simulation, action);
  }
}

async function send(simulation: Simulation, { who, to, count, ttlMs }: Of<'send'>): Promise<void> {
  const sender = simulation.client(who);
  if (sender === undefined) return;
  const others = simulation.present.filter((client) => client !== sender);
  const recipients = to === null ? others : others.slice(to % Math.max(1, others.length)).slice(0, 1);
  const draft = {
    type: 'custom',
    payload: '"x"' as JsonText,
    ttlMs,
    ...(to !== null && recipients[0] && { recipient: recipients[0].joined.mailbox.participantId }),
  };
  const messages = Array.from({ length: count }, () => ({ id: simulation.signalling.newMessageId(), ...draft }));
  const acceptedAtMs = simulation.clock.steadyMs();
  const expiresAtMs = acceptedAtMs + ttlMs;
  const { receipts } = await simulation.signalling.send(sender.joined.mailbox, 'send', messages);
  for (const { id } of receipts)
    for (const client of recipients) client.accepted.push({ id, sender, acceptedAtMs, expiresAtMs });
}

/** @param back index among the received cursors, from the newest */
const cursorOf = ({ cursors }: Client, back: number): string | undefined =>
  cursors[Math.max(0, cursors.length - 1 - back)];

async function poll(simulation: Simulation, { who, cursor, windowMs, limit, lost }: Of<'poll'>): Promise<void> {
  const client = simulation.client(who);
  if (client === undefined) return;
  const after = cursor === null ? undefined : cursorOf(client, cursor);
  simulation.begin(client, after, windowMs, limit, lost);
}

async function read(simulation: Simulation, { who, cursor, limit, answers }: Of<'read'>): Promise<void> {
  const client = simulation.client(who);
  if (client === undefined) return;
  simulation.read(client, { after: cursor === null ? undefined : cursorOf(client, cursor), limit, answers });
}

const readingAt = ({ readings }: Simulation, index: number): SocketReading | undefined =>
  readings[index % Math.max(1, readings.length)];

async function catchUp(simulation: Simulation, { reading: index, cursor: back, times }: Of<'catch-up'>): Promise<void> {
  const reading = readingAt(simulation, index);
  const cursor = reading && cursorOf(reading.client, back);
  if (cursor === undefined) return;
  for (let time = 0; time < times; time += 1) await reading?.answer(cursor);
}

async function lose(simulation: Simulation, { reading: index }: Of<'lose'>): Promise<void> {
  const reading = readingAt(simulation, index);
  if (reading !== undefined) reading.lost = true;
}

async function drain(simulation: Simulation, { overMs, meanwhile }: Of<'drain'>): Promise<void> {
  simulation.isDraining = true;
  const draining = simulation.signalling.drain(overMs);
  for (const action of meanwhile) {
    await perform(simulation, action);
    await simulation.settle();
  }
  await simulation.clock.advance(overMs);
  await simulation.settle();
  assert.deepEqual(simulation.live, [], 'a reader outlived the drain');
  await draining;
  await simulation.restart('reopen');
}

async function hangUp(simulation: Simulation, { poll: index }: Of<'hang-up'>): Promise<void> {
  const { live } = simulation;
  const chosen = live[index % Math.max(1, live.length)];
  if (chosen === undefined) return;
  chosen.hungUp = true;
  chosen.hangUp();
}

async function cut(simulation: Simulation, { who, ageMs, silently }: Of<'cut'>): Promise<void> {
  const client = simulation.client(who);
  if (client === undefined) return;
  for (let time = 0; time < 2; time += 1) {
    const poll = simulation.begin(client, client.cursors.at(-1), 25_000, 64, false);
    await simulation.clock.advance(ageMs);
    if (silently || poll.ended) continue;
    poll.hungUp = true;
    poll.hangUp();
    await simulation.settle();
  }
}

async function acknowledge(simulation: Simulation, { who, cursor }: Of<'acknowledge'>): Promise<void> {
  const client = simulation.client(who);
  const after = client && cursorOf(client, cursor);
  if (client === undefined || after === undefined) return;
  await simulation.signalling.acknowledge(client.joined.mailbox, decodeCursor(after));
  client.acknowledgedUpTo(after, 'surely');
}

async function leave(simulation: Simulation, { who }: Of<'leave'>): Promise<void> {
  const client = simulation.client(who);
  if (client === undefined) return;
  client.isThere = false;
  await simulation.signalling.leave(client.joined.mailbox);
}

/**
 * Every accepted message was received, or was reported to its sender as expired, or one of the two is gone. Nothing is
 * left of the readers.
 */
async function finish(simulation: Simulation): Promise<void> {
  simulation.hints = 'passed';
  for (const client of simulation.present) await readToTheEnd(simulation, client);
  await simulation.clock.advance(3_000);
  for (const client of simulation.present) await readToTheEnd(simulation, client);
  await simulation.clock.advance(LISTENING_GRACE_MS);
  await simulation.checkRoster();
  assert.deepEqual([simulation.live, simulation.clock.timers], [[], simulation.idleTimers], 'a timer is left over');
  for (const client of simulation.present) {
    for (const { id, sender, expiresAtMs } of client.accepted) {
      if (client.seen.has(id)) continue;
      assert.ok(expiresAtMs <= simulation.clock.steadyMs(), `${id} was lost`);
      const report = `${id} ${client.joined.mailbox.participantId}`;
      assert.ok(!sender.isThere || sender.reports.has(report), `${id} expired without a report`);
    }
  }
}

/** Reads like a returning client: from its last cursor, or without one when that has expired. */
async function readToTheEnd(simulation: Simulation, client: Client): Promise<void> {
  for (let after = client.cursors.at(-1); ;) {
    const before = client.cursors.length;
    simulation.begin(client, after, 0, 64, false);
    await simulation.settle();
    if (client.cursors.length === before) return;
    after = client.cursors.at(-1);
  }
}
