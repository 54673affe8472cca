import assert from 'node:assert/strict';
import type { ReceivedMessage } from '../../../src/signalling/message.ts';
import { messageBytes } from '../../../src/signalling/message.ts';
import type { Page } from '../../../src/signalling/store.ts';
import { behind, mailboxModels, headOf, isDead, isListening, type MailboxModel, type Token } from './state.ts';
import { summaryOf, type Expectations, type Simulation } from './simulation.ts';

/** Compares with the model: what arrived in each mailbox, the rosters, and the state of each token. */
export async function check(simulation: Simulation, expectations: Expectations): Promise<void> {
  for (const model of mailboxModels(simulation.state)) {
    const arrived = await observe(simulation, model);
    const expected = expectations.get(model.mailbox.mailboxId);
    if (expected === undefined)
      assert.deepEqual(arrived, [], `nothing should have come to ${model.mailbox.participantId}`);
    else expected(arrived);
  }
  await checkRosters(simulation);
  for (const token of simulation.state.tokens) await checkToken(simulation, token);
}

/**
 * Reads what is new in a mailbox. Its positions must be after every position ever issued, so that no reader skips it.
 */
async function observe(simulation: Simulation, model: MailboxModel): Promise<string[]> {
  const { mailboxId } = model.mailbox;
  const after = { mailboxId, position: headOf(model) };
  const page = await simulation.store.read(model.mailbox, { after, limit: 10_000, maxBytes: Infinity });
  assert.deepEqual([page.expired, page.more], [0, false], 'what has just arrived is complete');
  const given = Math.max(0, ...(simulation.cursors.get(mailboxId) ?? []));
  for (const message of page.messages) {
    assert.ok(message.position > headOf(model) && message.position > given, 'positions only grow');
    checkContent(simulation, model, message);
    model.log.push({
      position: message.position,
      summary: summaryOf(message),
      message: message.sender === undefined ? undefined : { id: message.id, sender: senderOf(simulation, message) },
      expiresAtMs: message.sender === undefined ? Infinity : simulation.nowMs + lifetimeOf(simulation, message),
      bytes: messageBytes(message),
      delivered: false,
      reported: false,
      owed: false,
      swept: false,
    });
  }
  return page.messages.map(summaryOf);
}

const sentAs = (simulation: Simulation, { id }: ReceivedMessage) => {
  const sent = simulation.sent.get(id);
  assert.ok(sent, `${id} was never sent`);
  return sent;
};
const senderOf = (simulation: Simulation, message: ReceivedMessage) => sentAs(simulation, message).sender.mailboxId;
const lifetimeOf = (simulation: Simulation, message: ReceivedMessage) => sentAs(simulation, message).message.ttlMs;

function checkContent(simulation: Simulation, model: MailboxModel, received: ReceivedMessage): void {
  if (received.sender === undefined) return;
  const { sender, message, sentAtMs } = sentAs(simulation, received);
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
  if (message.recipient !== undefined) assert.equal(message.recipient, model.mailbox.participantId);
}

async function checkRosters(simulation: Simulation): Promise<void> {
  for (const [roomId, room] of simulation.state.rooms) {
    const participants = await simulation.store.participants(roomId);
    assert.deepEqual(
      participants.map(({ participantId, listening }) => [participantId, listening]),
      [...room.values()].map((model) => [model.mailbox.participantId, isListening(model, simulation.nowMs)]),
    );
  }
  const rooms = await simulation.store.listRooms(undefined, 10);
  assert.deepEqual(
    // An array of this test's own: one of the driver's may come from the realm of another test file.
    Array.from(rooms, ({ roomId, participants }) => [roomId, participants]),
    [...simulation.state.rooms].map(([roomId, room]) => [roomId, room.size]).sort(),
  );
}

/** A first use that changed nothing else may be forgotten in a restart: then the token counts as fresh again. */
const inUse = (state: string): string => (state === 'fresh' ? 'used' : state);

async function checkToken(simulation: Simulation, token: Token): Promise<void> {
  if (token.state === 'gone' && token.untilMs <= simulation.nowMs) token.state = 'unknown';
  const stored = await simulation.store.findToken(token.handle);
  // A store that forgets by the clock alone may remember again once the clock went back.
  if (simulation.clockWentBack && token.state === 'unknown' && token.reason !== undefined && stored?.state === 'gone')
    return;
  assert.equal(inUse(stored?.state ?? 'unknown'), inUse(token.state));
  if (stored?.state === 'gone') assert.equal(stored.reason, token.reason);
  if (stored?.state === 'fresh' || stored?.state === 'used') assert.equal(stored.mailboxId, token.mailboxId);
}

/** A page must contain the next places of the mailbox: live messages in order, and a count of the others. */
export function checkPage(
  simulation: Simulation,
  model: MailboxModel,
  from: number,
  page: Page,
  limit: number,
  maxBytes: number,
): void {
  const waiting = behind(model, from);
  const covered = waiting.slice(0, page.messages.length + page.expired);
  const living = covered.filter((entry) => !isDead(entry, simulation.nowMs));
  assert.equal(covered.length, page.messages.length + page.expired, 'more than there is');
  assert.deepEqual(
    page.messages.map(summaryOf),
    living.map(({ summary }) => summary),
  );
  assert.deepEqual(
    page.messages.map(({ position }) => position),
    living.map(({ position }) => position),
  );
  assert.equal(page.position, covered.at(-1)?.position ?? from);
  assert.equal(page.more, covered.length < waiting.length);
  for (const entry of living) entry.delivered = true;
  simulation.recordCursor(model.mailbox.mailboxId, page.position);

  const bytes = living.reduce((sum, entry) => sum + entry.bytes, 0);
  assert.ok(page.messages.length <= limit, 'over the limit');
  assert.ok(bytes <= maxBytes || page.messages.length === 1, 'over the bytes');
  const next = waiting[covered.length];
  if (next === undefined || covered.length >= limit) return;
  assert.ok(
    !isDead(next, simulation.nowMs) && bytes + next.bytes > maxBytes && covered.length > 0,
    'stopped too early',
  );
}
