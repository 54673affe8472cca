import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SignallingError } from '../../src/signalling/errors.ts';
import { RateLimiter, exceeded, consume, type RateLimit } from '../../src/signalling/rate-limit.ts';
import { TestClock } from '../support/clock.ts';

const rateOf = (quota: number, windowMs: number): RateLimit => ({ name: 'joins', quota, windowMs });
const MINUTE = rateOf(3, 60_000);

/** Consumes units at one moment until refused. @returns how many were accepted */
function acceptedAtOnce(rate: RateLimit, nowMs: number): number {
  let fullAtMs = 0;
  for (let taken = 0; ; taken += 1) {
    const fullAgainAtMs = consume(rate, fullAtMs, nowMs, 1);
    if (fullAgainAtMs === undefined || taken > 1e6) return taken;
    fullAtMs = fullAgainAtMs;
  }
}

describe('consume', () => {
  test('accepts exactly the quota at once, whatever the quota and the time', () => {
    const quotas = fc.integer({ min: 1, max: 1_000 });
    const times = fc.double({ min: 0, max: 4e12, noNaN: true });
    fc.assert(
      fc.property(quotas, times, fc.constantFrom(4_000, 60_000), (quota, nowMs, windowMs) => {
        expect(acceptedAtOnce(rateOf(quota, windowMs), nowMs)).toBe(quota);
      }),
    );
  });

  test('never accepts more than the quota plus the refill', () => {
    const steps = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 2_000 }), cost: fc.integer({ min: 1, max: 8 }) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 50 }), steps, (quota, events) => {
        const rate = rateOf(quota, 4_000);
        let [nowMs, fullAtMs, taken] = [1e12, 0, 0];
        for (const { afterMs, cost } of events) {
          nowMs += afterMs;
          const fullAgainAtMs = consume(rate, fullAtMs, nowMs, cost);
          if (fullAgainAtMs !== undefined) [fullAtMs, taken] = [fullAgainAtMs, taken + cost];
          expect(taken).toBeLessThanOrEqual(quota + ((nowMs - 1e12) / 4_000) * quota + 0.1);
        }
      }),
    );
  });

  test('accepts a refused cost after `retryAfterSeconds`', () => {
    const costs = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(costs, (all) => {
        const rate = rateOf(8, 4_000);
        let [nowMs, fullAtMs] = [1e12, 0];
        for (const cost of all) {
          const fullAgainAtMs = consume(rate, fullAtMs, nowMs, cost);
          if (fullAgainAtMs !== undefined) {
            fullAtMs = fullAgainAtMs;
            continue;
          }
          const { limit } = exceeded(rate, fullAtMs, nowMs, cost).details;
          nowMs += (limit?.retryAfterSeconds ?? 0) * 1_000;
          const later = consume(rate, fullAtMs, nowMs, cost);
          expect(later).toBeDefined();
          fullAtMs = later ?? 0;
        }
      }),
    );
  });

  test('accepts a cost above the quota when the quota is full, and refuses until the excess is refilled', () => {
    const fullAgainAtMs = consume(rateOf(4, 4_000), 0, 1_000, 32);
    expect(fullAgainAtMs).toBe(33_000);
    expect(consume(rateOf(4, 4_000), 33_000, 29_500, 1)).toBeUndefined();
    expect(consume(rateOf(4, 4_000), 33_000, 30_000, 1)).toBe(34_000);
  });

  test('accepts everything if the quota is infinite', () => {
    expect(acceptedAtOnce(rateOf(Infinity, 4_000), 1e12)).toBeGreaterThan(1e6);
  });
});

describe('RateLimiter', () => {
  test('limits each key separately, and a refusal has the remaining quota and the delay', async () => {
    const clock = new TestClock();
    const limiter = new RateLimiter(MINUTE, clock);
    const limit = { name: 'joins', quota: 3, windowSeconds: 60, remaining: 0, retryAfterSeconds: 20 };
    expect([1, 2, 3].map(() => limiter.consume('a'))).toEqual([undefined, undefined, undefined]);
    expect(limiter.consume('a')).toBeInstanceOf(SignallingError);
    expect(limiter.check('a')).toMatchObject({ code: 'rate-limited', details: { limit } });
    expect(limiter.consume('b')).toBeUndefined();
    await clock.advance(20_000);
    expect([limiter.consume('a'), limiter.consume('a')]).toEqual([undefined, expect.anything()]);
  });

  test('a refunded unit can be consumed again', () => {
    const limiter = new RateLimiter(MINUTE, new TestClock());
    for (const _ of [1, 2, 3]) limiter.consume('a');
    limiter.refund('a');
    expect([limiter.check('a'), limiter.consume('a'), limiter.consume('a')]).toEqual([
      undefined,
      undefined,
      expect.anything(),
    ]);
    limiter.refund('another key');
    expect(limiter.check('another key')).toBeUndefined();
  });

  test('forgets keys once their quota is full again', async () => {
    const clock = new TestClock();
    const limiter = new RateLimiter(MINUTE, clock);
    for (let second = 0; second < 300; second += 1) {
      for (let key = 0; key < 100; key += 1) limiter.consume(`${second}/${key}`);
      await clock.leap(1_000);
    }
    // One unit takes 20 s to refill; twice as many keys may be remembered before they are forgotten.
    expect(limiter.size).toBeLessThanOrEqual(2 * 20 * 100 + 100);
  });
});
