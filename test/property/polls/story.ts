import assert from 'node:assert/strict';
import type { JsonText } from '../../../src/signalling/ids.ts';
import { decodeCursor } from '../../../src/signalling/cursor.ts';
import { TestClock } from '../../support/clock.ts';
import { WIDE_LIMITS, type OpenLastingStore } from '../../support/store.ts';
import type { Action } from './actions.ts';
import type { Client } from './client.ts';
import { idOf, World } from './world.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

/** Lets clients live through the story; whatever they are told must be in order and whole, and at the end nothing is lost. */
export async function play(openStore: OpenLastingStore, story: readonly Action[]): Promise<void> {
  const clock = new TestClock();
  const world = new World(await openStore({ clock, limits: WIDE_LIMITS }), clock);
  try {
    for (const action of story) {
      await perform(world, action);
      await world.settle();
    }
    await finish(world);
  } finally {
    world.stop();
    await world.opened.close();
  }
}

async function perform(world: World, action: Action): Promise<void> {
  switch (action.kind) {
    case 'join':
      return world.join(idOf(action.id), action.how);
    case 'send':
      return send(world, action);
    case 'poll':
      return poll(world, action);
    case 'hang-up':
      return hangUp(world, action);
    case 'acknowledge':
      return acknowledge(world, action);
    case 'leave':
      return leave(world, action);
    case 'pass':
      return world.clock.advance(action.ms);
    case 'together':
      await Promise.all(action.actions.map((one) => perform(world, one)));
      return;
    case 'reads':
      world.slowReads = action.slow;
      return;
    case 'hints':
      world.hints = action.fate;
      return;
    case 'restart':
      return world.restart(action.how);
  }
}

async function send(world: World, { who, to, count, ttlMs }: Of<'send'>): Promise<void> {
  const sender = world.client(who);
  if (sender === undefined) return;
  const others = world.present.filter((client) => client !== sender);
  const recipients = to === null ? others : others.slice(to % Math.max(1, others.length)).slice(0, 1);
  const draft = {
    type: 'custom',
    payload: '"x"' as JsonText,
    ttlMs,
    ...(to !== null && recipients[0] && { recipient: recipients[0].joined.mailbox.participantId }),
  };
  const messages = Array.from({ length: count }, () => ({ id: world.signalling.newMessageId(), ...draft }));
  const acceptedAtMs = world.clock.steadyMs();
  const expiresAtMs = acceptedAtMs + ttlMs;
  const { receipts } = await world.signalling.send(sender.joined.mailbox, 'send', messages);
  for (const { id } of receipts)
    for (const client of recipients) client.accepted.push({ id, sender, acceptedAtMs, expiresAtMs });
}

async function poll(world: World, { who, cursor, windowMs, limit, lost }: Of<'poll'>): Promise<void> {
  const client = world.client(who);
  if (client === undefined) return;
  const { cursors } = client;
  const after = cursor === null ? undefined : cursors[Math.max(0, cursors.length - 1 - cursor)];
  world.begin(client, after, windowMs, limit, lost);
}

async function hangUp(world: World, { poll: index }: Of<'hang-up'>): Promise<void> {
  const held = world.polls.filter(({ ended }) => !ended);
  const chosen = held[index % Math.max(1, held.length)];
  if (chosen === undefined) return;
  chosen.hungUp = true;
  chosen.hangUp();
}

async function acknowledge(world: World, { who, cursor }: Of<'acknowledge'>): Promise<void> {
  const client = world.client(who);
  const after = client?.cursors[Math.max(0, client.cursors.length - 1 - cursor)];
  if (client === undefined || after === undefined) return;
  await world.signalling.acknowledge(client.joined.mailbox, decodeCursor(after));
  client.acknowledgedUpTo(after, 'surely');
}

async function leave(world: World, { who }: Of<'leave'>): Promise<void> {
  const client = world.client(who);
  if (client === undefined) return;
  client.isThere = false;
  await world.signalling.leave(client.joined.mailbox);
}

/** Every message that was accepted has been seen, or its sender knows that it was not, or one of the two is gone. */
async function finish(world: World): Promise<void> {
  world.hints = 'passed';
  for (const client of world.present) await readToTheEnd(world, client);
  await world.clock.advance(3_000);
  for (const client of world.present) await readToTheEnd(world, client);
  for (const client of world.present) {
    for (const { id, sender, expiresAtMs } of client.accepted) {
      if (client.seen.has(id)) continue;
      assert.ok(expiresAtMs <= world.clock.steadyMs(), `${id} was lost`);
      const report = `${id} ${client.joined.mailbox.participantId}`;
      assert.ok(!sender.isThere || sender.reports.has(report), `nobody was told that ${id} expired`);
    }
  }
}

/** As a client does that comes back: from its last cursor, or without one when that has expired. */
async function readToTheEnd(world: World, client: Client): Promise<void> {
  for (let after = client.cursors.at(-1); ;) {
    const before = client.cursors.length;
    world.begin(client, after, 0, 64, false);
    await world.settle();
    if (client.cursors.length === before) return;
    after = client.cursors.at(-1);
  }
}
