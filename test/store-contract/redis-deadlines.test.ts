import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Deadlines } from '../../src/store/redis/deadlines.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('an answer that does not come is given up after 3 s, and one that comes before is not', async () => {
  const onLate = jest.fn();
  const deadlines = new Deadlines(onLate);
  const slow = deadlines.watch(new Promise((resolve) => setTimeout(() => resolve('slow'), 2_900)));
  const never = deadlines.watch(new Promise(() => undefined)).catch((error: unknown) => String(error));
  await jest.advanceTimersByTimeAsync(2_900);
  expect(await slow).toBe('slow');
  expect(onLate).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(400);
  expect(await never).toContain('has not answered');
  expect(onLate).toHaveBeenCalled();
  deadlines.stop();
});
