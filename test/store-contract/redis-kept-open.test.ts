import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { KeptOpen } from '../../src/store/redis/kept-open.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const LONGEST_PAUSE_MS = 2_000;

test('a lost connection is opened again within 2 s of its loss and of each failure, however long that goes on', async () => {
  const server = { isThere: true, tries: 0, onLost: (): void => undefined };
  let reopened = 0;
  const kept = await KeptOpen.open({
    open: (onLost) => {
      server.tries += 1;
      server.onLost = onLost;
      return server.isThere ? Promise.resolve({ destroy: () => undefined }) : Promise.reject(new Error('not there'));
    },
    onReopened: () => (reopened += 1),
  });
  server.isThere = false;
  server.onLost();
  expect(kept.current).toBeUndefined();
  for (let round = 0; round < 30; round += 1) {
    const before = server.tries;
    await jest.advanceTimersByTimeAsync(LONGEST_PAUSE_MS);
    expect(server.tries).toBeGreaterThan(before);
  }
  server.isThere = true;
  await jest.advanceTimersByTimeAsync(LONGEST_PAUSE_MS);
  expect(kept.current).toBeDefined();
  expect(reopened).toBe(1);
  kept.close();
});
