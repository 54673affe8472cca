import assert from 'node:assert/strict';
import { decodeCursor } from '../../../src/signalling/cursor.ts';
import type { SignallingError } from '../../../src/signalling/errors.ts';
import type { Mailbox } from '../../../src/signalling/message.ts';
import type { Action } from './actions.ts';
import { checkPage } from './check.ts';
import { behind, boxById, boxOf, headOf, isDead, unreported, type Box, type Entry } from './state.ts';
import { attempt, inAnyOrder, refusedWith, worked, type Tails, type World } from './world.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

/** The latest ones first, at times one that was never given to anybody. */
function cursorOf(world: World, { mailboxId }: Mailbox, index: number): number {
  const known = world.cursors.get(mailboxId) ?? [];
  if (index === 20) return Number.MAX_SAFE_INTEGER;
  return known[known.length - 1 - (index % Math.max(1, known.length))] ?? 0;
}

export async function read(world: World, { who, cursor, limit, maxBytes }: Of<'read'>): Promise<Tails> {
  const mailbox = world.mailbox(who);
  if (mailbox === undefined) return new Map();
  const position = cursor === null ? undefined : cursorOf(world, mailbox, cursor);
  const after = position === undefined ? undefined : { mailboxId: mailbox.mailboxId, position };
  const outcome = await attempt(world.store.read(mailbox, { after, limit, maxBytes }));
  const box = boxOf(world.state, mailbox);
  if (box === undefined) refusedWith(outcome, 'participant-gone');
  else if (position !== undefined && (position < box.acknowledged || position > headOf(box)))
    checkReset(box, refusedWith(outcome, 'cursor-expired'));
  else checkPage(world, box, position ?? box.acknowledged, worked(outcome), limit, maxBytes);
  return new Map();
}

function checkReset(box: Box, error: SignallingError): void {
  const { mailboxId } = box.mailbox;
  assert.deepEqual(decodeCursor(error.details.resetCursor ?? ''), { mailboxId, position: box.acknowledged });
}

export async function acknowledge(world: World, { who, cursor, soon }: Of<'acknowledge'>): Promise<Tails> {
  const mailbox = world.mailbox(who);
  if (mailbox === undefined) return new Map();
  const position = cursorOf(world, mailbox, cursor);
  const after = { mailboxId: mailbox.mailboxId, position };
  const box = boxOf(world.state, mailbox);
  if (soon) await acknowledgeSoon(world, mailbox, position);
  else {
    const outcome = await attempt(world.store.acknowledge(mailbox, after));
    if (box === undefined) refusedWith(outcome, 'participant-gone');
    else if (position > headOf(box)) checkReset(box, refusedWith(outcome, 'cursor-expired'));
    else worked(outcome);
  }
  if (box === undefined || position > headOf(box)) return new Map();
  const late = settle(world, box, position);
  if (!soon) box.acknowledgedForSure = box.acknowledged;
  return reportsOf(world, late);
}

/** With a write behind it, before which it takes effect. */
async function acknowledgeSoon(world: World, mailbox: Mailbox, position: number): Promise<void> {
  world.store.acknowledgeWriteBehind(mailbox, { mailboxId: mailbox.mailboxId, position });
  await world.store.depart('nowhere' as never, 'nobody' as never, 'left');
}

/** @returns those of the mailbox that may be reported now, since they were not acknowledged in their lifetime */
function settle(world: World, box: Box, position: number): Late[] {
  if (position <= box.acknowledged) return [];
  for (const entry of box.log) {
    const covered = entry.position > box.acknowledged && entry.position <= position;
    if (covered && isDead(entry, world.nowMs) && !entry.reported && !entry.swept) entry.owed = true;
  }
  const late = unreported(box, world.nowMs).map((entry) => ({ box, entry }));
  box.acknowledged = position;
  return late;
}

export interface Late {
  readonly box: Box;
  readonly entry: Entry;
}

export const reportOf = ({ box, entry }: Late): string =>
  `expired ${entry.message?.id ?? ''} to ${box.mailbox.participantId}`;

/** The reports that may come to the senders now; whatever comes is noted. */
function reportsOf(world: World, late: readonly Late[]): Tails {
  const tails: Tails = new Map();
  for (const { entry } of late) {
    const sender = entry.message && boxById(world.state, entry.message.sender);
    if (sender === undefined) continue;
    const { mailboxId } = sender.mailbox;
    const own = late.filter((one) => one.entry.message?.sender === mailboxId);
    tails.set(mailboxId, (tail) => {
      inAnyOrder([], own.map(reportOf))(tail);
      for (const one of own) one.entry.reported ||= tail.includes(reportOf(one));
    });
  }
  return tails;
}

/** Reads the mailbox to its end in small pages, each checked. */
export async function readThrough(world: World, box: Box): Promise<void> {
  for (let from = box.acknowledged; behind(box, from).length > 0;) {
    const after = { mailboxId: box.mailbox.mailboxId, position: from };
    const page = await world.store.read(box.mailbox, { after, limit: 3, maxBytes: 3_000 });
    checkPage(world, box, from, page, 3, 3_000);
    from = page.position;
  }
}
