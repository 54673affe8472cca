import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Reconnecting } from '../../src/store/redis/reconnecting.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const LONGEST_PAUSE_MS = 2_000;

test('a lost connection is retried within 2 s of its loss and of each failed attempt', async () => {
  const server = { isThere: true, tries: 0, onLost: (): void => undefined };
  let reopened = 0;
  const connection = new Reconnecting({
    open: (onLost) => {
      server.tries += 1;
      server.onLost = onLost;
      return server.isThere ? Promise.resolve({ destroy: () => undefined }) : Promise.reject(new Error('not there'));
    },
    onReopened: () => (reopened += 1),
  });
  await connection.connect();
  server.isThere = false;
  server.onLost();
  expect(connection.current).toBeUndefined();
  for (let round = 0; round < 30; round += 1) {
    const before = server.tries;
    await jest.advanceTimersByTimeAsync(LONGEST_PAUSE_MS);
    expect(server.tries).toBeGreaterThan(before);
  }
  server.isThere = true;
  await jest.advanceTimersByTimeAsync(LONGEST_PAUSE_MS);
  expect(connection.current).toBeDefined();
  expect(reopened).toBe(1);
  connection.close();
});
