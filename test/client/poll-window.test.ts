import { describe, expect, test } from '@jest/globals';
import { PollWindow } from '../../src/client/poll-window.ts';

const MINUTE_MS = 60_000;

function windowAfter(...cutsSeconds: readonly number[]): PollWindow {
  const window = new PollWindow({ now: () => 0 }, 25);
  for (const seconds of cutsSeconds) window.cut(seconds * 1_000);
  return window;
}

describe('what a poll asks to be held', () => {
  test.each([
    ['nothing was cut', [], 25],
    ['one poll was cut', [15], 25],
    ['two were cut at the same age', [15, 15.1], 13],
    ['two were cut at different ages', [15, 21], 25],
    ['a third agrees with the second', [21, 14.9, 15], 12],
    ['the browser had repeated the first of them twice without a word', [15, 5], 4],
    ['the browser had repeated the second of them once', [5, 10.1], 4],
    ['one age is no multiple of the other', [5, 8], 25],
    ['two polls were cut when their answers were due long ago', [28, 28], 12],
    ['every cut comes at three times the limit', [15, 15, 15, 15, 15, 15], 3],
    ['polls are cut as soon as they are held', [1, 1], 1],
  ])('when %s', (_, cuts, expected) => {
    expect(windowAfter(...cuts).waitSeconds).toBe(expected);
  });

  test('is what it was at first on another network, and after half an hour', () => {
    let nowMs = 0;
    const window = new PollWindow({ now: () => nowMs }, 25);
    window.cut(15_000);
    window.cut(15_000);
    nowMs = 29 * MINUTE_MS;
    expect(window.waitSeconds).toBe(13);
    nowMs = 31 * MINUTE_MS;
    expect(window.waitSeconds).toBe(25);
  });
});
