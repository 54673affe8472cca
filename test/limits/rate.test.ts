import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SignallingError } from '../../src/signalling/errors.ts';
import { RateLimiter } from '../../src/signalling/rate-limiter.ts';
import { overdrawn, pay, type Rate } from '../../src/signalling/rate.ts';
import { TestClock } from '../support/clock.ts';

const rateOf = (quota: number, windowMs: number): Rate => ({ name: 'joins', quota, windowMs, excess: 'Too many.' });
const MINUTE = rateOf(3, 60_000);

/** Payments of 1 at once that are taken. */
function takenAtOnce(rate: Rate, nowMs: number): number {
  let fullAtMs = 0;
  for (let taken = 0; ; taken += 1) {
    const paid = pay(rate, fullAtMs, nowMs, 1);
    if (paid === undefined || taken > 1e6) return taken;
    fullAtMs = paid;
  }
}

describe('a budget', () => {
  test('is its quota at once, whatever the quota and the time', () => {
    const quotas = fc.integer({ min: 1, max: 1_000 });
    const times = fc.double({ min: 0, max: 4e12, noNaN: true });
    fc.assert(
      fc.property(quotas, times, fc.constantFrom(4_000, 60_000), (quota, nowMs, windowMs) => {
        expect(takenAtOnce(rateOf(quota, windowMs), nowMs)).toBe(quota);
      }),
    );
  });

  test('never gives more than the quota and what was refilled since', () => {
    const steps = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 2_000 }), cost: fc.integer({ min: 1, max: 8 }) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 50 }), steps, (quota, events) => {
        const rate = rateOf(quota, 4_000);
        let [nowMs, fullAtMs, taken] = [1e12, 0, 0];
        for (const { afterMs, cost } of events) {
          nowMs += afterMs;
          const paid = pay(rate, fullAtMs, nowMs, cost);
          if (paid !== undefined) [fullAtMs, taken] = [paid, taken + cost];
          expect(taken).toBeLessThanOrEqual(quota + ((nowMs - 1e12) / 4_000) * quota + 0.1);
        }
      }),
    );
  });

  test('takes what was refused after as long as the refusal said', () => {
    const costs = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(costs, (all) => {
        const rate = rateOf(8, 4_000);
        let [nowMs, fullAtMs] = [1e12, 0];
        for (const cost of all) {
          const paid = pay(rate, fullAtMs, nowMs, cost);
          if (paid !== undefined) {
            fullAtMs = paid;
            continue;
          }
          const { budget } = overdrawn(rate, fullAtMs, nowMs, cost).details;
          nowMs += (budget?.retryAfterSeconds ?? 0) * 1_000;
          const later = pay(rate, fullAtMs, nowMs, cost);
          expect(later).toBeDefined();
          fullAtMs = later ?? 0;
        }
      }),
    );
  });

  test('takes more than the quota at once when nothing is spent, and is paid off afterwards', () => {
    const paid = pay(rateOf(4, 4_000), 0, 1_000, 32);
    expect(paid).toBe(33_000);
    expect(pay(rateOf(4, 4_000), 33_000, 29_500, 1)).toBeUndefined();
    expect(pay(rateOf(4, 4_000), 33_000, 30_000, 1)).toBe(34_000);
  });

  test('without end refuses nothing', () => {
    expect(takenAtOnce(rateOf(Infinity, 4_000), 1e12)).toBeGreaterThan(1e6);
  });
});

describe('a limiter', () => {
  test('keeps a budget for each who pays, and tells what is left', async () => {
    const clock = new TestClock();
    const limiter = new RateLimiter(MINUTE, clock);
    const budget = { name: 'joins', quota: 3, windowSeconds: 60, remaining: 0, retryAfterSeconds: 20 };
    expect([1, 2, 3].map(() => limiter.charge('a'))).toEqual([undefined, undefined, undefined]);
    expect(limiter.charge('a')).toBeInstanceOf(SignallingError);
    expect(limiter.refusal('a')).toMatchObject({ code: 'rate-limited', message: 'Too many.', details: { budget } });
    expect(limiter.charge('b')).toBeUndefined();
    await clock.advance(20_000);
    expect([limiter.charge('a'), limiter.charge('a')]).toEqual([undefined, expect.anything()]);
  });

  test('gives back', () => {
    const limiter = new RateLimiter(MINUTE, new TestClock());
    for (const _ of [1, 2, 3]) limiter.charge('a');
    limiter.refund('a');
    expect([limiter.refusal('a'), limiter.charge('a'), limiter.charge('a')]).toEqual([
      undefined,
      undefined,
      expect.anything(),
    ]);
    limiter.refund('somebody else');
    expect(limiter.refusal('somebody else')).toBeUndefined();
  });

  test('keeps no more than a window of a flood from ever new payers', async () => {
    const clock = new TestClock();
    const limiter = new RateLimiter(MINUTE, clock);
    for (let second = 0; second < 300; second += 1) {
      for (let payer = 0; payer < 100; payer += 1) limiter.charge(`${second}/${payer}`);
      await clock.leap(1_000);
    }
    // One payment is worth 20 s; twice as much may be there before it is swept.
    expect(limiter.size).toBeLessThanOrEqual(2 * 20 * 100 + 100);
  });
});
