import { afterEach, expect, test } from '@jest/globals';
import { joinRoom } from '../../src/client/index.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import { joinRate } from '../../src/signalling/limits.ts';
import { RateLimiter } from '../../src/signalling/rate-limit.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, startService } from '../support/holdline.ts';

afterEach(cleanUp);
afterEach(closeServices);

test('by default 200 clients behind one address join at once', async () => {
  const { url } = await startService();
  const joins = Array.from({ length: 200 }, (_, index) => joinRoom({ baseUrl: url, roomId: `class-${index % 8}` }));
  const mailboxes = await Promise.allSettled(joins);
  for (const mailbox of mailboxes) if (mailbox.status === 'fulfilled') onCleanUp(() => mailbox.value.leave());
  expect(mailboxes.filter(({ status }) => status === 'rejected')).toEqual([]);
});

test('by default at least 2,300 of 3,000 joins in a minute from one address are refused', async () => {
  const clock = new TestClock();
  const limiter = new RateLimiter(joinRate(defaultSettings().rateLimitJoinsPerMinute), clock);
  let refused = 0;
  for (let joins = 0; joins < 3_000; joins += 1) {
    if (limiter.consume('192.0.2.1') !== undefined) refused += 1;
    await clock.leap(20);
  }
  expect(refused).toBeGreaterThanOrEqual(2_300);
});
