import { expect, test } from '@jest/globals';
import { FreeReplays } from '../../src/signalling/free-replays.ts';
import { TestClock } from '../support/clock.ts';

const times = (count: number, take: () => boolean): boolean[] => Array.from({ length: count }, take);

test('eight replays of one key are free in the minute that begins with the first', async () => {
  const clock = new TestClock();
  const replays = new FreeReplays(clock);
  expect(times(9, () => replays.take('k'))).toEqual([...Array<boolean>(8).fill(true), false]);
  expect(replays.take('another key')).toBe(true);
  await clock.advance(59_999);
  expect(replays.take('k')).toBe(false);
  await clock.advance(1);
  expect(times(9, () => replays.take('k'))).toEqual([...Array<boolean>(8).fill(true), false]);
});

test('keys are forgotten after their minute', async () => {
  const clock = new TestClock();
  const replays = new FreeReplays(clock);
  for (let second = 0; second < 300; second += 1) {
    for (let key = 0; key < 100; key += 1) replays.take(`${second}/${key}`);
    await clock.leap(1_000);
  }
  expect(replays.size).toBeLessThanOrEqual(2 * 60 * 100 + 100);
});
