import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { TestClock } from '../support/clock.ts';
import { WIDE_LIMITS } from '../support/store.ts';
import { outgoing, numbered, StoreFixture, type Member } from './store-fixture.ts';

const BACKLOG = 2_000;
const HOUR_MS = 3_600_000;

/** A clock that advances with each reading. */
class SlowClock extends TestClock {
  msPerLook = 0;
  #passedMs = 0;

  override steadyMs(): number {
    this.#passedMs += this.msPerLook;
    return super.steadyMs() + this.#passedMs;
  }
}

let clock: SlowClock;
let fixture: StoreFixture;
let bob: Member;
let carol: Member;

/** Simulates a restart: more is overdue for Bob than one slice can report. */
beforeEach(async () => {
  clock = new SlowClock();
  const limits = { ...WIDE_LIMITS, maxMailboxMessages: BACKLOG };
  const store = SqliteStore.open({ path: ':memory:', synchronous: 'full', limits, clock });
  fixture = new StoreFixture({ store, close: () => store.close() }, clock);
  const stay = { idleTimeoutMs: 24 * HOUR_MS };
  const alice = await fixture.join('alice', stay);
  bob = await fixture.join('bob', stay);
  carol = await fixture.join('carol', { ...stay, room: 'other' });
  await fixture.join('dave', { ...stay, room: 'other' });
  await fixture.send(alice, ...numbered(BACKLOG, { to: 'bob', ttlMs: 1_000 }));
  await clock.advance(HOUR_MS);
});
afterEach(() => fixture.opened.close());

/** Sweeps until nothing is overdue. @returns the number of slices */
async function sweepAll(): Promise<number> {
  let slices = 1;
  while (await fixture.store.sweep()) slices += 1;
  expect(await fixture.read(bob, { limit: BACKLOG + 10 })).toMatchObject({ messages: [], expired: BACKLOG });
  return slices;
}

test('a message whose lifetime ends during a backlog is reported by the next slice', async () => {
  await fixture.send(carol, outgoing('just now', { to: 'dave', ttlMs: 1_000 }));
  await clock.advance(1_000);
  expect(await fixture.store.sweep()).toBe(true);
  expect(await fixture.inbox(carol)).toContain('expired to dave');
});

test('a backlog takes few slices when slices take no time', async () => {
  expect(await sweepAll()).toBeLessThanOrEqual(5);
});

test('a slice ends at its time limit, however much is overdue', async () => {
  clock.msPerLook = 1;
  expect(await sweepAll()).toBeGreaterThan(30);
});
