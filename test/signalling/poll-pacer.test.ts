import { describe, expect, test } from '@jest/globals';
import type { MailboxId } from '../../src/signalling/ids.ts';
import { PollPacer } from '../../src/signalling/rate-limit.ts';
import { TestClock } from '../support/clock.ts';

const A = 'mailbox-a' as MailboxId;

/** Polls in a loop for `forMs`, with `pauseMs` between an answer and the next poll. @returns the number of polls */
async function loop(pacer: PollPacer, clock: TestClock, forMs: number, pauseMs = 0): Promise<number> {
  const untilMs = clock.steadyMs() + forMs;
  let polls = 0;
  for (; clock.steadyMs() < untilMs && polls < 10_000; polls += 1) await clock.leap(pacer.delayMs(A) + pauseMs);
  return polls;
}

describe('PollPacer', () => {
  test('does not delay a burst of 50 polls, then allows 5 a second', async () => {
    const clock = new TestClock();
    const pacer = new PollPacer(clock);
    const delays = Array.from({ length: 50 }, () => pacer.delayMs(A));
    expect(delays).toEqual(delays.map(() => 0));
    expect(pacer.delayMs(A)).toBeGreaterThan(0);
    expect(await loop(pacer, clock, 20_000)).toBeLessThanOrEqual(101);
  });

  test('delays a poll by at most 200 ms, however many arrive', () => {
    const pacer = new PollPacer(new TestClock());
    const delays = Array.from({ length: 5_000 }, () => pacer.delayMs(A));
    expect(Math.max(...delays)).toBe(200);
  });

  test('does not delay a client that polls five times a second', async () => {
    const clock = new TestClock();
    const pacer = new PollPacer(clock);
    for (let poll = 0; poll < 500; poll += 1) {
      expect(pacer.delayMs(A)).toBe(0);
      await clock.leap(200);
    }
  });

  test('slows a busy loop down to five polls a second for as long as it lasts', async () => {
    const clock = new TestClock();
    const pacer = new PollPacer(clock);
    const polls = await loop(pacer, clock, 600_000);
    expect(polls).toBeGreaterThan(3_000);
    expect(polls).toBeLessThanOrEqual(50 + 5 * 600 + 1);
  });

  test('refills the burst while no poll arrives', async () => {
    const clock = new TestClock();
    const pacer = new PollPacer(clock);
    for (let poll = 0; poll < 500; poll += 1) pacer.delayMs(A);
    await clock.leap(5_000);
    for (let poll = 0; poll < 24; poll += 1) expect(pacer.delayMs(A)).toBe(0);
    await clock.leap(15_000);
    for (let poll = 0; poll < 50; poll += 1) expect(pacer.delayMs(A)).toBe(0);
  });

  test('paces each mailbox separately, among thousands of others', async () => {
    const clock = new TestClock();
    const pacer = new PollPacer(clock);
    for (let round = 0; round < 5; round += 1) {
      for (let poll = 0; poll < 60; poll += 1) pacer.delayMs(A);
      for (let other = 0; other < 3_000; other += 1) {
        expect(pacer.delayMs(`mailbox-${round}-${other}` as MailboxId)).toBe(0);
      }
      expect(pacer.delayMs(A)).toBe(200);
      await clock.leap(250);
    }
  });
});
