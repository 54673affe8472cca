import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { settle, TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';
import { testOnSqlite } from '../support/store-of-run.ts';

/** The burst: this many polls are answered at once, then 5 a second. */
const BURST = 50;
const SLOWED_MS = 200;

let clock: TestClock;
let service: Service;
let alice: Member;
let bob: Member;

async function startWith(rateLimit: 'on' | 'off'): Promise<void> {
  clock = new TestClock();
  service = await createService({ rateLimit }, { clock });
  alice = await join(service.app, newRoom(), 'alice');
  bob = await join(service.app, alice.roomId, 'bob');
}
afterAll(closeServices);

async function spendBurst(): Promise<void> {
  for (let count = 0; count < BURST; count += 1) await bob.poll();
}

/** Resolves once the poll waits for its turn: then it has a timer of its own. */
async function slowed(start: () => Promise<Answer>): Promise<{ ended: Promise<Answer>; isOver: () => boolean }> {
  const before = clock.timers;
  let over = false;
  const ended = start().finally(() => (over = true));
  while (clock.timers === before) await settle(1);
  return { ended, isOver: () => over };
}

const poll = (query: Record<string, string | number> = {}): Promise<Answer> =>
  bob.call('receiveMessages', { query: { wait: 0, ...query } });

describe('a participant that polls without pauses', () => {
  beforeEach(() => startWith('on'));

  test('is delayed by 200 ms instead of refused', async () => {
    await spendBurst();
    const late = await slowed(poll);
    await clock.advance(SLOWED_MS - 1);
    expect(late.isOver()).toBe(false);
    await clock.advance(1);
    expect((await late.ended).status).toBe(200);
  });

  test('gets 5 responses a second', async () => {
    await spendBurst();
    const startMs = clock.steadyMs();
    for (let count = 0; count < 10; count += 1) {
      const late = await slowed(poll);
      await clock.advance(SLOWED_MS);
      await late.ended;
    }
    expect(clock.steadyMs() - startMs).toBe(2_000);
  });

  test('gets the messages that arrived during the delay in one batch', async () => {
    await spendBurst();
    const late = await slowed(poll);
    for (let count = 0; count < 5; count += 1) await alice.send({ type: 'candidate', payload: { candidate: '' } });
    expect(late.isOver()).toBe(false);
    await clock.advance(SLOWED_MS);
    expect((await late.ended).body).toMatchObject({
      messages: Array.from({ length: 5 }, () => ({ type: 'candidate' })),
    });
  });

  test('regains its burst after a pause', async () => {
    await spendBurst();
    await clock.advance(10_000);
    await spendBurst();
  });

  test('delays neither other participants nor its own sends', async () => {
    await spendBurst();
    await slowed(poll);
    expect((await alice.poll()).messages).toHaveLength(1);
    await bob.send({ type: 'ringing' });
  });

  // SQLite only: on Redis, a departure is published only to processes that hold a poll.
  testOnSqlite('gets participant-gone at once, even while its poll is delayed', async () => {
    await spendBurst();
    const late = await slowed(poll);
    await bob.leave();
    problemOf(await late.ended, 'participant-gone');
  });

  test('gets participant-gone after the delay at the latest', async () => {
    await spendBurst();
    const late = await slowed(poll);
    await bob.leave();
    await clock.advance(SLOWED_MS);
    problemOf(await late.ended, 'participant-gone');
  });

  test('is paced even if two tabs with one token supersede each other', async () => {
    await spendBurst();
    const older = await slowed(() => poll({ wait: 20 }));
    const held = service.hold('bob', () => older.ended);
    await clock.advance(SLOWED_MS);
    await held;
    const newer = await slowed(() => poll({ wait: 20 }));
    expect(older.isOver()).toBe(false);
    await clock.advance(SLOWED_MS);
    problemOf(await older.ended, 'poll-superseded');
    await bob.leave();
    problemOf(await newer.ended, 'participant-gone');
  });
});

test('RATE_LIMIT=off lifts the pacing of polls', async () => {
  await startWith('off');
  for (let count = 0; count < 3 * BURST; count += 1) await bob.poll();
});
