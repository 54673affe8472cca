import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Backoff } from '../../src/client/retry.ts';
import { joinRoom } from '../../src/client/index.ts';
import { broken, forever, HostileServer } from './support/hostile-server.ts';
import { VirtualTime } from './support/virtual-time.ts';

/** A random number as `Math.random` gives it. */
const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const failures = fc.array(
  fc.record({ tookMs: fc.integer({ min: 0, max: 40_000 }), retryAfterMs: fc.constantFrom(0, 0, 1_000, 60_000) }),
  { minLength: 1, maxLength: 30 },
);

describe('the pause between two tries', () => {
  test('is at least what Retry-After asks, and beyond that at most the age of the outage, between 1 s and 5 s', async () => {
    await fc.assert(
      fc.asyncProperty(failures, fc.infiniteStream(fractions), async (attempts, randoms) => {
        const time = new VirtualTime();
        const backoff = new Backoff({ now: () => time.now(), random: () => Number(randoms.next().value) });
        let beganMs: number | undefined;
        for (const { tookMs, retryAfterMs } of attempts) {
          await time.advance(tookMs);
          beganMs ??= time.now();
          const pauseMs = backoff.next(retryAfterMs);
          const ceilingMs = Math.min(5_000, Math.max(1_000, time.now() - beganMs));
          expect(pauseMs).toBeGreaterThanOrEqual(retryAfterMs);
          expect(pauseMs).toBeLessThanOrEqual(retryAfterMs + ceilingMs);
          await time.advance(pauseMs);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('is at most 1 s again after something worked', async () => {
    const time = new VirtualTime();
    const backoff = new Backoff({ now: () => time.now(), random: () => 0.999 });
    backoff.next();
    await time.advance(60_000);
    expect(backoff.next()).toBeGreaterThan(4_000);
    backoff.reset();
    expect(backoff.next()).toBeLessThan(1_000);
  });
});

/** Clients with jitter of their own, on one server. */
async function clients(server: HostileServer, count: number): Promise<void> {
  for (let client = 0; client < count; client += 1) {
    const mailbox = await joinRoom({ ...server.options, participantId: `client${client}`, random: Math.random });
    mailbox.on('error', () => undefined);
    mailbox.on('message', () => undefined);
  }
}

test.each([3, 12, 60])('24 of 24 clients poll again within 5 s after an outage of %i s', async (seconds) => {
  const server = new HostileServer();
  let isUp = true;
  let cut = (): void => undefined;
  const cutting = new Promise<void>((resolve) => (cut = resolve));
  server.on('poll', async ({ body }) => {
    if (!isUp) return broken();
    if (Number(body.wait) === 0) return forever();
    await cutting;
    return broken();
  });
  await clients(server, 24);
  await server.time.advance(10_000);
  isUp = false;
  cut();
  await server.time.advance(seconds * 1_000);
  isUp = true;
  const before = server.count('poll');
  await server.time.advance(5_000);
  const tokens = server
    .all('poll')
    .slice(before)
    .map(({ headers }) => headers.Authorization);
  expect(new Set(tokens).size).toBe(24);
});

test('1,000 clients whose server is away for a minute do not come back in one moment', () => {
  const triesPerTenth = new Map<number, number>();
  for (let client = 0; client < 1_000; client += 1) {
    const clock = { nowMs: 0 };
    const backoff = new Backoff({ now: () => clock.nowMs, random: Math.random });
    while (clock.nowMs < 60_000) clock.nowMs += backoff.next();
    const tenth = Math.floor(clock.nowMs / 100);
    triesPerTenth.set(tenth, (triesPerTenth.get(tenth) ?? 0) + 1);
  }
  // Full jitter spreads them over 5 s, most of them over its first half: 40 in a tenth of a second on average.
  expect(Math.max(...triesPerTenth.values())).toBeLessThan(100);
});
