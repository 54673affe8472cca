import assert from 'node:assert/strict';
import type { ReceivedMessage } from '../../../src/signalling/message.ts';
import { messageBytes } from '../../../src/signalling/message.ts';
import type { Page } from '../../../src/signalling/store.ts';
import { behind, boxes, headOf, isDead, isListening, type Box, type Token } from './state.ts';
import { wordsOf, type Tails, type World } from './world.ts';

/** After each step: what came to each mailbox, who is there, and what each token is. */
export async function check(world: World, tails: Tails): Promise<void> {
  for (const box of boxes(world.state)) {
    const tail = await observe(world, box);
    const expected = tails.get(box.mailbox.mailboxId);
    if (expected === undefined) assert.deepEqual(tail, [], `nothing should have come to ${box.mailbox.participantId}`);
    else expected(tail);
  }
  await checkRosters(world);
  for (const token of world.state.tokens) await checkToken(world, token);
}

/** Learns what is new in a mailbox. It must be behind everything that a reader was ever given: nothing is ever skipped. */
async function observe(world: World, box: Box): Promise<string[]> {
  const { mailboxId } = box.mailbox;
  const after = { mailboxId, position: headOf(box) };
  const page = await world.store.read(box.mailbox, { after, limit: 10_000, maxBytes: Infinity });
  assert.deepEqual([page.expired, page.more], [0, false], 'what has just come is whole');
  const given = Math.max(0, ...(world.cursors.get(mailboxId) ?? []));
  for (const message of page.messages) {
    assert.ok(message.position > headOf(box) && message.position > given, 'positions only grow');
    checkContent(world, box, message);
    box.log.push({
      position: message.position,
      words: wordsOf(message),
      message: message.sender === undefined ? undefined : { id: message.id, sender: senderOf(world, message) },
      expiresAtMs: message.sender === undefined ? Infinity : world.nowMs + lifetimeOf(world, message),
      bytes: messageBytes(message),
      delivered: false,
      reported: false,
      owed: false,
      swept: false,
    });
  }
  return page.messages.map(wordsOf);
}

const sentAs = (world: World, { id }: ReceivedMessage) => {
  const sent = world.sent.get(id);
  assert.ok(sent, `nobody sent ${id}`);
  return sent;
};
const senderOf = (world: World, message: ReceivedMessage) => sentAs(world, message).sender.mailboxId;
const lifetimeOf = (world: World, message: ReceivedMessage) => sentAs(world, message).message.ttlMs;

function checkContent(world: World, box: Box, received: ReceivedMessage): void {
  if (received.sender === undefined) return;
  const { sender, message, sentAtMs } = sentAs(world, received);
  assert.deepEqual(
    [
      received.sender,
      received.recipient,
      received.type,
      received.payload,
      received.callId,
      received.sentAtMs,
      received.ageMs,
    ],
    [sender.participantId, message.recipient, message.type, message.payload, message.callId, sentAtMs, 0],
  );
  if (message.recipient !== undefined) assert.equal(message.recipient, box.mailbox.participantId);
}

async function checkRosters(world: World): Promise<void> {
  for (const [roomId, room] of world.state.rooms) {
    const participants = await world.store.participants(roomId);
    assert.deepEqual(
      participants.map(({ participantId, listening }) => [participantId, listening]),
      [...room.values()].map((box) => [box.mailbox.participantId, isListening(box, world.nowMs)]),
    );
  }
  const rooms = await world.store.listRooms(undefined, 10);
  assert.deepEqual(
    // An array of this test's own: one of the driver's may come from the realm of another test file.
    Array.from(rooms, ({ roomId, participants }) => [roomId, participants]),
    [...world.state.rooms].map(([roomId, room]) => [roomId, room.size]).sort(),
  );
}

/** A first use that changed nothing else may be forgotten in a restart: then the token counts as fresh again. */
const inUse = (state: string): string => (state === 'fresh' ? 'used' : state);

async function checkToken(world: World, token: Token): Promise<void> {
  if (token.state === 'gone' && token.untilMs <= world.nowMs) token.state = 'unknown';
  const stored = await world.store.findToken(token.handle);
  // A store that forgets by the clock alone may remember again once the clock went back.
  if (world.clockWentBack && token.state === 'unknown' && token.reason !== undefined && stored?.state === 'gone')
    return;
  assert.equal(inUse(stored?.state ?? 'unknown'), inUse(token.state));
  if (stored?.state === 'gone') assert.equal(stored.reason, token.reason);
  if (stored?.state === 'fresh' || stored?.state === 'used') assert.equal(stored.mailboxId, token.mailboxId);
}

/** A page must be the very next places of the mailbox: those that live in order, the others counted. */
export function checkPage(world: World, box: Box, from: number, page: Page, limit: number, maxBytes: number): void {
  const waiting = behind(box, from);
  const covered = waiting.slice(0, page.messages.length + page.expired);
  const living = covered.filter((entry) => !isDead(entry, world.nowMs));
  assert.equal(covered.length, page.messages.length + page.expired, 'more than there is');
  assert.deepEqual(
    page.messages.map(wordsOf),
    living.map(({ words }) => words),
  );
  assert.deepEqual(
    page.messages.map(({ position }) => position),
    living.map(({ position }) => position),
  );
  assert.equal(page.position, covered.at(-1)?.position ?? from);
  assert.equal(page.more, covered.length < waiting.length);
  for (const entry of living) entry.delivered = true;
  world.hand(box.mailbox.mailboxId, page.position);

  const bytes = living.reduce((sum, entry) => sum + entry.bytes, 0);
  assert.ok(page.messages.length <= limit, 'over the limit');
  assert.ok(bytes <= maxBytes || page.messages.length === 1, 'over the bytes');
  const next = waiting[covered.length];
  if (next === undefined || covered.length >= limit) return;
  assert.ok(!isDead(next, world.nowMs) && bytes + next.bytes > maxBytes && covered.length > 0, 'stopped too early');
}
