import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Cursor } from '../../src/signalling/cursor.ts';
import type { Store } from '../../src/signalling/store.ts';
import type { Member } from '../store-contract/store-fixture.ts';
import { cursorOf, fixtures, outgoing } from '../store-contract/store-fixture.ts';
import { settle } from '../support/clock.ts';
import { openMemoryStore, replacing } from '../support/store.ts';
import { receiveFixtures, ObservedPoll, type ReceiveFixture } from './receive-fixture.ts';

const open = receiveFixtures(fixtures(openMemoryStore));
const WINDOW_MS = 25_000;

let fixture: ReceiveFixture;
let alice: Member;
let bob: Member;
let start: Cursor;
let hints: 'passed' | 'dropped';
/** Runs once, after a read of the store and before its result is there. */
let onRead: (() => void) | undefined;
beforeEach(async () => {
  hints = 'passed';
  onRead = undefined;
  fixture = await open({ wrap: withSlowReads, onHint: (_, passOn) => (hints === 'passed' ? passOn() : undefined) });
  [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
  start = cursorOf(bob, bob.acknowledged);
});

const withSlowReads = (store: Store): Store =>
  replacing(store, {
    async read(mailbox, range) {
      const page = await store.read(mailbox, range);
      onRead?.();
      onRead = undefined;
      return page;
    },
  });

const pass = (ms: number): Promise<void> => fixture.storeFixture.clock.advance(ms);
const isBounded = (): boolean => fixture.networkWindows.countBounds() === 1;

/** Holds polls of Bob that the network cuts at this age, and tells the server. */
async function cut(times: number, ageMs = 5_000): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const poll = await fixture.poll(bob, { after: start });
    await pass(ageMs);
    poll.hangUp();
    await settle();
    expect(poll.outcome).toBe('hung up');
  }
}

/** @returns how long the poll is held */
async function heldMs(poll: ObservedPoll): Promise<number> {
  const fromMs = fixture.storeFixture.clock.steadyMs();
  while (poll.endedAtMs === undefined) await pass(100);
  return poll.endedAtMs - fromMs;
}

function expectWindow(actualMs: number, windowMs: number): void {
  expect(actualMs).toBeGreaterThanOrEqual(windowMs * 0.9);
  expect(actualMs).toBeLessThanOrEqual(windowMs);
}

describe('after two holds were cut off at 5 s', () => {
  beforeEach(() => cut(2));

  test('the next one ends at 4 s, empty, and says so', async () => {
    const poll = await fixture.poll(bob, { after: start });
    expectWindow(await heldMs(poll), 4_000);
    expect(poll.batch).toMatchObject({ messages: [], more: false, expired: 0, waitSeconds: 4 });
    expect(fixture.ended.at(-1)).toMatchObject({ end: 'shortened', messages: [] });
  });

  test('all later ones do', async () => {
    for (let time = 0; time < 3; time += 1) expectWindow(await heldMs(await fixture.poll(bob)), 4_000);
  });

  test('those of another participant do not', async () => {
    const joined = await fixture.poll(alice);
    const poll = await fixture.poll(alice, joined.cursor && { after: joined.cursor, windowMs: 6_000 });
    expectWindow(await heldMs(poll), 6_000);
    expect(poll.batch?.waitSeconds).toBeUndefined();
  });

  test.each([1_000, 4_000])('a poll that asks for %i ms is held as long as it asks', async (windowMs) => {
    const poll = await fixture.poll(bob, { windowMs });
    expectWindow(await heldMs(poll), windowMs);
    expect(poll.batch?.waitSeconds).toBeUndefined();
    expect(fixture.ended.at(-1)).toMatchObject({ end: 'window' });
  });

  test('a message is delivered at once, in a response that was not shortened', async () => {
    const poll = await fixture.poll(bob, { after: start });
    await pass(1_000);
    await fixture.storeFixture.send(alice, outgoing('hello'));
    await settle();
    expect(poll.outcome).toBe('hello');
    expect(poll.batch?.waitSeconds).toBeUndefined();
  });

  test('a message without a hint is in the shortened response', async () => {
    const poll = await fixture.poll(bob, { after: start });
    hints = 'dropped';
    await fixture.storeFixture.send(alice, outgoing('hello'));
    await heldMs(poll);
    expect(poll.outcome).toBe('hello');
    expect(poll.batch?.waitSeconds).toBe(4);
  });

  test('a response that the drain ended was not shortened', async () => {
    const poll = await fixture.poll(bob, { after: start });
    await fixture.drain(0);
    await settle();
    expect(poll.outcome).toBe('nothing');
    expect(poll.batch?.waitSeconds).toBeUndefined();
    expect(fixture.ended.at(-1)).toMatchObject({ end: 'draining' });
  });

  test('a hold goes on to its whole window if the second cut was the client’s own', async () => {
    const poll = await fixture.poll(bob, { after: start });
    const held = heldMs(poll);
    fixture.networkWindows.recordRequest(bob.mailbox.mailboxId);
    expectWindow(await held, WINDOW_MS);
    expect(poll.batch?.waitSeconds).toBeUndefined();
    expect(fixture.ended.at(-1)).toMatchObject({ end: 'window' });
  });
});

test('a hold of 2 s is the shortest', async () => {
  await cut(2, 2_100);
  const poll = await fixture.poll(bob);
  expectWindow(await heldMs(poll), 2_000);
  expect(poll.batch?.waitSeconds).toBe(2);
});

test('a hold that a message answers comes between two cuts, which then are not consecutive', async () => {
  await cut(1);
  const answered = await fixture.poll(bob, { after: start });
  await fixture.storeFixture.send(alice, outgoing('hello'));
  await settle();
  start = answered.cursor ?? start;
  await cut(1);
  expect(isBounded()).toBe(false);
});

test('a hold whose message was being read when its connection closed was not cut', async () => {
  await cut(1);
  const answered = await fixture.poll(bob, { after: start });
  await pass(5_000);
  onRead = () => answered.hangUp();
  await fixture.storeFixture.send(alice, outgoing('hello'));
  await settle();
  expect(answered.outcome).toBe('hello');
  expect(isBounded()).toBe(false);
});

test('a poll that is answered at once comes between two cuts without a difference', async () => {
  await cut(1);
  await fixture.poll(bob, { after: start, windowMs: 0 });
  await cut(1);
  expect(isBounded()).toBe(true);
});

describe('a hold that a newer poll supersedes', () => {
  /** Polls three times, the second and third time after 5 s of silence. */
  async function repeat(...afters: readonly (Cursor | undefined)[]): Promise<ObservedPoll> {
    let last = new ObservedPoll();
    for (const [index, after] of afters.entries()) {
      if (index > 0) await pass(5_000);
      last = await fixture.poll(bob, { ...(after && { after }) });
    }
    return last;
  }

  test('with the same cursor counts as cut, so that the third poll is shorter', async () => {
    const third = await repeat(start, start, start);
    expectWindow(await heldMs(third), 4_000);
    expect(third.batch?.waitSeconds).toBe(4);
  });

  test('also without a cursor', async () => {
    await repeat(undefined, undefined, undefined);
    expect(isBounded()).toBe(true);
  });

  test('counts once if the server learns of its lost connection later', async () => {
    const first = await fixture.poll(bob, { after: start });
    await pass(5_000);
    await fixture.poll(bob, { after: start });
    first.hangUp();
    expect(isBounded()).toBe(false);
  });

  test('does not count if the newer one has another cursor', async () => {
    await repeat(undefined, start, undefined, start);
    expect(isBounded()).toBe(false);
  });

  test('does not count if the newer one is at another process', async () => {
    for (let time = 0; time < 3; time += 1) {
      await fixture.poll(bob, { after: start });
      await pass(5_000);
      fixture.waiters.supersedeHeld(bob.mailbox.mailboxId);
    }
    expect(isBounded()).toBe(false);
  });

  test('does not count if two tabs supersede each other at once', async () => {
    for (let time = 0; time < 20; time += 1) {
      await fixture.poll(bob, { after: start });
      await pass(200);
    }
    expect(isBounded()).toBe(false);
  });

  test('does not count if the client comes from another address', async () => {
    const from = (address: string) => fixture.poll(bob, { after: start, clientAddress: () => address });
    for (const address of ['wifi', 'mobile', 'mobile']) {
      await from(address);
      await pass(5_000);
    }
    expect(isBounded()).toBe(false);
  });
});

test('a hold whose answer was lost is not cut, though the next poll asks for the same', async () => {
  for (const text of ['first', 'second', 'third']) {
    const answered = await fixture.poll(bob, { after: start });
    await pass(5_000);
    await fixture.storeFixture.send(alice, outgoing(text));
    await settle();
    const repeated = await fixture.poll(bob, { after: start });
    expect([answered.outcome, repeated.outcome]).toEqual([text, text]);
    start = repeated.cursor ?? start;
  }
  expect(fixture.networkWindows.size).toBe(0);
});
