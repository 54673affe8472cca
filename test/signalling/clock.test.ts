import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/signalling/clock.ts';

const INTERVAL_MS = 7;

describe('the system clock', () => {
  test('calls an interval never early, also when earlier calls were late', async () => {
    const clock = systemClock();
    const startedMs = clock.steadyMs();
    const intervals = await new Promise<readonly number[]>((resolve) => {
      const calls: number[] = [];
      const cancel = clock.every(INTERVAL_MS, () => {
        calls.push(Math.floor((clock.steadyMs() - startedMs) / INTERVAL_MS));
        while (calls.length === 2 && clock.steadyMs() - startedMs < 100);
        if (calls.length < 5) return;
        cancel();
        resolve(calls);
      });
    });
    // Each call is in another interval.
    expect(new Set(intervals).size).toBe(5);
    expect(intervals).not.toContain(0);
  });

  test('calls a cancelled interval no more', async () => {
    const clock = systemClock();
    let calls = 0;
    clock.every(1, () => (calls += 1))();
    await new Promise<void>((resolve) => clock.after(20, resolve));
    expect(calls).toBe(0);
  });
});
