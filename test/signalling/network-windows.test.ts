import assert from 'node:assert/strict';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MailboxId } from '../../src/signalling/ids.ts';
import { NetworkWindows } from '../../src/signalling/network-windows.ts';
import { TestClock } from '../support/clock.ts';

const BOB = 'bob' as MailboxId;
const HALF_HOUR_MS = 30 * 60_000;

let clock: TestClock;
let windows: NetworkWindows;
beforeEach(() => {
  clock = new TestClock();
  windows = new NetworkWindows(clock);
});

const at = (address: string) => () => address;

/** Holds polls one after the other, each of which is cut off at its age. @returns the bound of the next */
async function cut(...agesMs: readonly number[]): Promise<number> {
  for (const ageMs of agesMs) {
    await clock.advance(ageMs);
    windows.recordCut(BOB, ageMs);
  }
  return windows.boundMs(BOB);
}

/** Holds a poll that is answered at this age. @returns the bound of the next */
async function answered(ageMs: number): Promise<number> {
  await clock.advance(ageMs);
  windows.recordEnd(BOB, ageMs);
  return windows.boundMs(BOB);
}

describe('the holds of a participant are bounded', () => {
  test('after two consecutive cuts at about the same age, not after one', async () => {
    expect(await cut(5_000)).toBe(Infinity);
    expect(await cut(5_000)).toBe(4_000);
    expect(windows.boundMs('alice' as MailboxId)).toBe(Infinity);
  });

  test.each([
    ['1 s below the age', 5_000, 4_000],
    ['15 % below the age where that is shorter', 30_000, 25_500],
    ['at 2 s at least', 2_500, 2_000],
  ])('%s', async (_, ageMs, boundMs) => {
    expect(await cut(ageMs, ageMs)).toBe(boundMs);
  });

  test.each([
    [10_000, 12_000],
    [12_000, 10_000],
  ])('by the younger of two ages within 20 %% of each other: %i and %i ms', async (first, second) => {
    expect(await cut(first, second)).toBe(8_500);
  });

  test('anew when two later holds are cut at another age', async () => {
    await cut(20_000, 20_000);
    expect(await cut(6_000)).toBe(17_000);
    expect(await cut(6_000)).toBe(5_000);
  });

  test('as before after a single cut, even at about the age that is known', async () => {
    await cut(20_000, 20_000);
    await answered(1_000);
    expect(await cut(17_000)).toBe(17_000);
  });

  test('as before after two cuts at another age with an answered hold between them', async () => {
    await cut(20_000, 20_000, 6_000);
    await answered(1_000);
    expect(await cut(6_000)).toBe(17_000);
  });

  test('as before after two cuts at another age of which the first was the client’s own', async () => {
    await cut(20_000, 20_000, 6_000);
    windows.recordRequest(BOB);
    expect(await cut(6_000)).toBe(17_000);
  });
});

describe('the holds of a participant are not bounded', () => {
  test.each([
    ['whose ages differ by more than 20 %', [10_000, 12_100]],
    ['of which one is not older than 2 s', [2_300, 2_000]],
    ['of polls in a hurry', [2_000, 2_000, 300, 300, 0, 0]],
  ])('by cuts %s', async (_, agesMs) => {
    expect(await cut(...agesMs)).toBe(Infinity);
  });

  test('by two cuts with an answered hold between them', async () => {
    await cut(5_000);
    await answered(1_000);
    expect(await cut(5_000)).toBe(Infinity);
    expect(await cut(5_000)).toBe(4_000);
  });
});

describe('a cut within a second of another request of the participant', () => {
  test.each([0, 1, 1_000])('does not count if the request came %i ms before it', async (ms) => {
    await cut(5_000);
    await clock.advance(5_000 - ms);
    windows.recordRequest(BOB);
    await clock.advance(ms);
    windows.recordCut(BOB, 5_000);
    expect(windows.boundMs(BOB)).toBe(Infinity);
  });

  test.each([0, 1, 1_000])('does not count if the request comes %i ms after it', async (ms) => {
    expect(await cut(5_000, 5_000)).toBe(4_000);
    await clock.advance(ms);
    windows.recordRequest(BOB);
    expect(windows.boundMs(BOB)).toBe(Infinity);
    expect(await cut(5_000)).toBe(Infinity);
  });

  test('does not count as the first of two', async () => {
    await cut(5_000);
    windows.recordRequest(BOB);
    await clock.advance(1_001);
    expect(await cut(5_000)).toBe(Infinity);
  });

  test('changes nothing about what was known before', async () => {
    await cut(20_000, 20_000);
    await cut(6_000, 6_000);
    windows.recordRequest(BOB);
    expect(windows.boundMs(BOB)).toBe(17_000);
  });

  test('does not count even if a further poll was answered meanwhile', async () => {
    await cut(5_000, 5_000);
    await answered(500);
    windows.recordRequest(BOB);
    expect(windows.boundMs(BOB)).toBe(Infinity);
  });

  test('counts if the request was one of somebody else, or more than a second away', async () => {
    await cut(5_000);
    windows.recordRequest('alice' as MailboxId);
    await clock.advance(1_001);
    windows.recordRequest(BOB);
    await clock.advance(1_001);
    windows.recordCut(BOB, 5_000);
    await clock.advance(1_001);
    windows.recordRequest(BOB);
    expect(windows.boundMs(BOB)).toBe(4_000);
  });
});

describe('a bound is forgotten', () => {
  test('when its participant joins again', async () => {
    await cut(5_000, 5_000);
    windows.forget(BOB);
    expect(await cut(5_000)).toBe(Infinity);
  });

  test('when its participant polls from another client address', async () => {
    windows.recordCut(BOB, 5_000, at('192.0.2.1'));
    windows.recordCut(BOB, 5_000, at('192.0.2.1'));
    expect(windows.boundMs(BOB, at('192.0.2.1'))).toBe(4_000);
    expect(windows.boundMs(BOB, at('192.0.2.2'))).toBe(Infinity);
    expect(windows.boundMs(BOB, at('192.0.2.1'))).toBe(Infinity);
    expect(windows.size).toBe(0);
  });

  test('at another address than that of the poll after the cut, whose own connection has closed', async () => {
    const closed = () => undefined;
    windows.recordCut(BOB, 5_000, closed);
    expect(windows.boundMs(BOB, at('192.0.2.1'))).toBe(Infinity);
    windows.recordCut(BOB, 5_000, closed);
    expect(windows.boundMs(BOB, at('192.0.2.1'))).toBe(4_000);
    expect(windows.boundMs(BOB, at('192.0.2.2'))).toBe(Infinity);
  });

  test('after 30 minutes', async () => {
    await cut(5_000, 5_000);
    await clock.advance(HALF_HOUR_MS - 1);
    expect(windows.boundMs(BOB)).toBe(4_000);
    await clock.advance(1);
    expect(windows.boundMs(BOB)).toBe(Infinity);
  });
});

describe('after 30 minutes a longer hold is tried', () => {
  beforeEach(async () => {
    await cut(5_000, 5_000);
    await clock.advance(HALF_HOUR_MS);
  });

  test('and if it is cut at the same age, the bound holds for another 30 minutes', async () => {
    expect(await cut(5_000)).toBe(4_000);
    await clock.advance(HALF_HOUR_MS - 1);
    expect(windows.boundMs(BOB)).toBe(4_000);
  });

  test('and again if a message answers it before that age', async () => {
    expect(await answered(3_000)).toBe(Infinity);
    expect(await cut(5_000)).toBe(4_000);
  });

  test('and if it lasts longer, the network is as good as unknown', async () => {
    expect(await answered(20_000)).toBe(Infinity);
    expect(windows.size).toBe(0);
    expect(await cut(5_000)).toBe(Infinity);
  });

  test('and if it is cut at a later age, the earlier one no longer counts', async () => {
    expect(await cut(20_000, 5_000)).toBe(Infinity);
    expect(await cut(5_000)).toBe(4_000);
  });

  test('and if its client lets go of it to send something, the next one is tried', async () => {
    expect(await cut(5_000)).toBe(4_000);
    windows.recordRequest(BOB);
    expect(windows.boundMs(BOB)).toBe(Infinity);
    await clock.advance(1_001);
    expect(await cut(5_000)).toBe(4_000);
  });
});

describe('the memory', () => {
  test('holds nothing about participants whose polls are answered', async () => {
    await answered(5_000);
    windows.recordRequest(BOB);
    expect(windows.size).toBe(0);
    await cut(5_000);
    await answered(5_000);
    expect(windows.size).toBe(0);
  });

  test('has at most 100,000 participants, and forgets the one whose last cut is the oldest', async () => {
    const ids = Array.from({ length: 100_000 }, (_, index) => `p${index}` as MailboxId);
    const [first, second, third] = ids as [MailboxId, MailboxId, MailboxId];
    for (const id of [...ids, first, BOB, third, second]) windows.recordCut(id, 5_000);
    expect(windows.size).toBe(100_000);
    expect([first, second, third].map((id) => windows.boundMs(id))).toEqual([4_000, Infinity, 4_000]);
  });

  test('counts participants with a bound, not those with one cut or whose bound is forgotten', async () => {
    await cut(5_000);
    expect(windows.countBounds()).toBe(0);
    await cut(5_000);
    expect(windows.countBounds()).toBe(1);
    await clock.advance(HALF_HOUR_MS);
    expect(windows.countBounds()).toBe(0);
  });
});

test('whatever happens, a bound is at least 2 s and below an age at which polls were cut', () => {
  const step = fc.record({
    kind: fc.constantFrom('cut', 'cut', 'cut', 'end', 'request', 'address', 'forget', 'pause'),
    ms: fc.oneof(
      fc.constantFrom(0, 2_001, 2_300, 5_000, 5_500, 30_000, HALF_HOUR_MS),
      fc.integer({ min: 0, max: 60_000 }),
    ),
  });
  let bounds = 0;
  fc.assert(
    fc.property(fc.array(step, { size: 'large' }), (steps) => {
      let nowMs = 0;
      const learning = new NetworkWindows({ steadyMs: () => nowMs });
      const agesMs: number[] = [];
      for (const { kind, ms } of steps) {
        nowMs += ms;
        if (kind === 'cut') agesMs.push(ms);
        if (kind === 'cut') learning.recordCut(BOB, ms, at('a'));
        else if (kind === 'end') learning.recordEnd(BOB, ms);
        else if (kind === 'request') learning.recordRequest(BOB);
        else if (kind === 'address') learning.boundMs(BOB, at('b'));
        else if (kind === 'forget') learning.forget(BOB);
        const boundMs = learning.boundMs(BOB);
        if (boundMs === Infinity) continue;
        bounds += 1;
        assert.ok(boundMs >= 2_000, 'the bound is below 2 s');
        const isBelow = (ageMs: number): boolean => boundMs <= Math.max(2_000, Math.min(ageMs - 1_000, ageMs * 0.85));
        assert.ok(
          agesMs.some((ageMs) => ageMs > boundMs && isBelow(ageMs)),
          'the bound does not stay below a cut',
        );
      }
    }),
  );
  expect(bounds).toBeGreaterThan(100);
});
