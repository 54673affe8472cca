import { describe, expect, test } from '@jest/globals';
import type { SignallingErrorDetails } from '../../../src/signalling/errors.ts';
import type { RateLimit } from '../../../src/signalling/rate-limit.ts';
import {
  outgoing,
  numbered,
  expectRefusal,
  type Member,
  type OpenFixture,
  type StoreFixture,
} from '../store-fixture.ts';

/** Ten messages at once, and one more per second. */
const RATE: RateLimit = { name: 'messages', quota: 10, windowMs: 10_000 };

const send = async (fixture: StoreFixture, { mailbox: sender }: Member, count: number): Promise<unknown> =>
  fixture.store.append({ sender, messages: numbered(count), rate: RATE });

const exceeded = (remaining: number, retryAfterSeconds: number): SignallingErrorDetails => ({
  limit: { name: 'messages', quota: 10, windowSeconds: 10, remaining, retryAfterSeconds },
});

export function rateLimits(open: OpenFixture): void {
  describe('the rate limit of a sender', () => {
    test('counts each message, and refills evenly', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await send(fixture, alice, 7);
      await send(fixture, alice, 3);
      await expectRefusal(send(fixture, alice, 1), 'rate-limited', exceeded(0, 1));
      await expectRefusal(send(fixture, alice, 4), 'rate-limited', exceeded(0, 4));
      expect(await fixture.inbox(bob)).toHaveLength(10);
      await fixture.clock.advance(2_000);
      await expectRefusal(send(fixture, alice, 3), 'rate-limited', exceeded(2, 1));
      await send(fixture, alice, 2);
      await expectRefusal(send(fixture, alice, 1), 'rate-limited', exceeded(0, 1));
    });

    test('does not affect other senders', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await send(fixture, alice, 10);
      await send(fixture, bob, 10);
    });

    test('is not charged for sends without a rate', async () => {
      const fixture = await open();
      const [alice] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(50));
      await send(fixture, alice, 10);
    });

    test('is charged exactly by concurrent sends', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const sends = await Promise.allSettled(Array.from({ length: 20 }, () => send(fixture, alice, 1)));
      expect(sends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      expect(await fixture.inbox(bob)).toHaveLength(10);
    });

    test('is not charged for a replay, and does not refuse one', async () => {
      const fixture = await open();
      const [alice] = await fixture.joinAll('alice', 'bob');
      const keyed = () =>
        fixture.store.append({
          sender: alice.mailbox,
          messages: numbered(9),
          rate: RATE,
          idempotency: { scope: 'send:k', fingerprint: 'body' },
        });
      const first = await keyed();
      expect(await keyed()).toEqual({ ...first, replayed: true });
      await send(fixture, alice, 1);
      expect(await keyed()).toEqual({ ...first, replayed: true });
    });

    test('refuses before the recipient is looked up, and stays charged after a later refusal', async () => {
      const fixture = await open();
      const [alice] = await fixture.joinAll('alice', 'bob');
      const toNobody = () =>
        fixture.store.append({ sender: alice.mailbox, messages: [outgoing('1', { to: 'nobody' })], rate: RATE });
      for (let time = 0; time < 10; time += 1)
        await expectRefusal(toNobody(), 'recipient-not-found', { messageIndex: 0 });
      await expectRefusal(toNobody(), 'rate-limited', exceeded(0, 1));
    });

    test.each([{ resume: true }, { resume: false }])('is not reset by joining again with %j', async (how) => {
      const fixture = await open();
      const [alice] = await fixture.joinAll('alice', 'bob');
      await send(fixture, alice, 10);
      const again = await fixture.rejoin(alice, how);
      await expectRefusal(send(fixture, again, 1), 'rate-limited', exceeded(0, 1));
    });
  });
}
