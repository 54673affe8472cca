import assert from 'node:assert/strict';
import { decodeCursor, type Cursor } from '../../../src/signalling/cursor.ts';
import { GONE_REMEMBERED_MS, LISTENING_GRACE_MS, RECONNECT_GRACE_MS } from '../../../src/signalling/limits.ts';
import type { PollOutcome } from '../../../src/signalling/store.ts';
import type { Action } from './actions.ts';
import { reportOf, type Late } from './receiving.ts';
import { boxes, boxOf, copyOf, depart, idleFromMs, unreported, type Box } from './state.ts';
import { attempt, inAnyOrder, refusedWith, type Tails, type World } from './world.ts';

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

const NOTHING: Tails = new Map();
/** How late a departure may be noticed. */
const SLACK_MS = 1_000;
const HOLD_MS = 25_000;

export async function presence(world: World, action: Of<'touch' | 'hold' | 'end-poll'>): Promise<Tails> {
  const mailbox = world.mailbox(action.who);
  if (mailbox === undefined) return new Map();
  const { store, nowMs } = world;
  if (action.kind === 'touch') store.touch(mailbox);
  if (action.kind === 'hold') world.openPoll(mailbox).hold(HOLD_MS);
  if (action.kind === 'end-poll') {
    (world.polls.get(mailbox.mailboxId) ?? store.openPoll(mailbox)).end(action.outcome);
    world.polls.delete(mailbox.mailboxId);
  }
  const box = boxOf(world.state, mailbox);
  if (box === undefined) return new Map();
  if (action.kind === 'end-poll') endPoll(box, action.outcome, nowMs);
  if (action.kind === 'hold') box.heldUntilMs = nowMs + HOLD_MS;
  else box.seenAtMs = nowMs;
  return new Map();
}

function endPoll(box: Box, outcome: PollOutcome, nowMs: number): void {
  const wasHeld = box.heldUntilMs > 0;
  box.heldUntilMs = 0;
  if (outcome === 'answered') box.listensUntilMs = nowMs + LISTENING_GRACE_MS;
  if (outcome === 'cut' && wasHeld) box.listensUntilMs = nowMs + RECONNECT_GRACE_MS;
}

export async function pass(world: World, { ms, sweep }: Of<'pass'>): Promise<Tails> {
  await world.clock.advance(ms);
  return sweep === 'none' ? new Map() : sweeping(world, sweep === 'all');
}

/** Lets the store do what time asks for, and finds out what it has done of it: all of it, if `toTheEnd`. */
export async function sweeping(world: World, toTheEnd: boolean): Promise<Tails> {
  const { state, store, nowMs } = world;
  const late = boxes(state).flatMap((box) => unreported(box, nowMs).map((entry): Late => ({ box, entry })));
  do {
    if (!(await store.sweep())) break;
  } while (toTheEnd);
  const gone = await learnDepartures(world, toTheEnd);
  const tails: Tails = new Map();
  for (const box of boxes(state)) tails.set(box.mailbox.mailboxId, tailOf(box, gone, late, toTheEnd));
  if (toTheEnd) for (const { box, entry } of late) entry.swept ||= boxOf(state, box.mailbox) !== undefined;
  return tails;
}

async function learnDepartures(world: World, toTheEnd: boolean): Promise<Box[]> {
  const gone: Box[] = [];
  for (const [roomId, room] of world.state.rooms) {
    const there = new Set((await world.store.participants(roomId)).map(({ participantId }) => participantId));
    for (const [participantId, box] of room) {
      const overdueMs = world.nowMs - idleFromMs(box);
      if (there.has(participantId)) {
        assert.ok(!toTheEnd || overdueMs < SLACK_MS, `${participantId} should have timed out`);
        continue;
      }
      assert.ok(overdueMs >= 0, `${participantId} timed out too early`);
      gone.push(box);
    }
  }
  for (const box of gone) depart(world.state, box, 'timeout', world.nowMs + GONE_REMEMBERED_MS);
  return gone;
}

function tailOf(box: Box, gone: readonly Box[], late: readonly Late[], toTheEnd: boolean) {
  const { roomId, mailboxId } = box.mailbox;
  const left = gone
    .filter(({ mailbox }) => mailbox.roomId === roomId)
    .map(({ mailbox }) => `left ${mailbox.participantId} timeout`);
  const own = late.filter(({ entry }) => entry.message?.sender === mailboxId);
  const must = own.filter((one) => toTheEnd && !gone.includes(one.box));
  return (tail: readonly string[]): void => {
    inAnyOrder([...left, ...must.map(reportOf)], own.map(reportOf))(tail);
    for (const one of own) one.entry.reported ||= tail.includes(reportOf(one));
  };
}

export async function restart(world: World, { how, jumpMs }: Of<'restart'>): Promise<Tails> {
  // A clock that goes back and data that does too would be more than positions can make up for.
  const jumps = jumpMs > 0 || (jumpMs < 0 && world.copy === undefined);
  // What is overdue and has not been swept would live again.
  const tails = jumps ? await sweeping(world, true) : NOTHING;
  if (jumps) {
    world.clockWentBack ||= jumpMs < 0;
    world.clock.jumpWall(jumpMs);
    world.clock = world.clock.restarted();
  }
  await world.opened[how](world.clock);
  await beginAnew(world);
  return tails;
}

export async function copy(world: World): Promise<Tails> {
  if (world.clockWentBack) return new Map();
  const restore = await world.opened.copy();
  world.copy = { state: copyOf(world.state), restore: () => restore(world.clock) };
  await world.clock.advance(1);
  return new Map();
}

export async function rollBack(world: World): Promise<Tails> {
  if (world.copy === undefined) return new Map();
  await world.clock.advance(1);
  await world.copy.restore();
  world.state = copyOf(world.copy.state);
  await beginAnew(world);
  return new Map();
}

/** Presence is forgotten, and acknowledgements may be that nobody waited for. */
async function beginAnew(world: World): Promise<void> {
  world.polls.clear();
  for (const box of boxes(world.state)) {
    Object.assign(box, { seenAtMs: world.nowMs, heldUntilMs: 0, listensUntilMs: 0 });
    const { position } = await acknowledgedOf(world, box);
    assert.ok(position >= box.acknowledgedForSure && position <= box.acknowledged, 'an acknowledgement was lost');
    box.acknowledged = box.acknowledgedForSure = position;
  }
}

/** The store says it to whoever sends a cursor from far ahead. */
async function acknowledgedOf({ store }: World, { mailbox }: Box): Promise<Cursor> {
  const after = { mailboxId: mailbox.mailboxId, position: Number.MAX_SAFE_INTEGER };
  const error = refusedWith(await attempt(store.read(mailbox, { after, limit: 1, maxBytes: 1 })), 'cursor-expired');
  return decodeCursor(error.details.resetCursor ?? '');
}
