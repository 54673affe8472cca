import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { CommandTimeouts } from '../../src/store/redis/command-timeouts.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('a command without a reply is rejected after 3 s, and one with a reply before that is not', async () => {
  const onTimeout = jest.fn();
  const timeouts = new CommandTimeouts(onTimeout);
  const slow = timeouts.watch(new Promise((resolve) => setTimeout(() => resolve('slow'), 2_900)));
  const never = timeouts.watch(new Promise(() => undefined)).catch((error: unknown) => String(error));
  await jest.advanceTimersByTimeAsync(2_900);
  expect(await slow).toBe('slow');
  expect(onTimeout).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(400);
  expect(await never).toContain('has not answered');
  expect(onTimeout).toHaveBeenCalled();
  timeouts.stop();
});
