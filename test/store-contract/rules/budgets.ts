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

/** Ten at once, and one more each second. */
const RATE: RateLimit = { name: 'messages', quota: 10, windowMs: 10_000 };

const send = (fixture: StoreFixture, { mailbox: sender }: Member, count: number): Promise<unknown> =>
  fixture.store.append({ sender, messages: numbered(count), rate: RATE });

const exceeded = (remaining: number, retryAfterSeconds: number): SignallingErrorDetails => ({
  limit: { name: 'messages', quota: 10, windowSeconds: 10, remaining, retryAfterSeconds },
});

export function budgets(open: OpenFixture): void {
  describe("a sender's budget", () => {
    test('is one for each message, and is refilled evenly', async () => {
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

    test('is its own: others are not slowed down', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await send(fixture, alice, 10);
      await send(fixture, bob, 10);
    });

    test('is not charged for what is sent without a rate', async () => {
      const fixture = await open();
      const [alice] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(50));
      await send(fixture, alice, 10);
    });

    test('is charged once for many sends at once', async () => {
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

    test('refuses before the recipient is looked up, and keeps what a later refusal cost', async () => {
      const fixture = await open();
      const [alice] = await fixture.joinAll('alice', 'bob');
      const toNobody = () =>
        fixture.store.append({ sender: alice.mailbox, messages: [outgoing('1', { to: 'nobody' })], rate: RATE });
      for (let time = 0; time < 10; time += 1)
        await expectRefusal(toNobody(), 'recipient-not-found', { messageIndex: 0 });
      await expectRefusal(toNobody(), 'rate-limited', exceeded(0, 1));
    });

    test.each([{ resume: true }, { resume: false }])('is not filled by joining again with %j', async (how) => {
      const fixture = await open();
      const [alice] = await fixture.joinAll('alice', 'bob');
      await send(fixture, alice, 10);
      const again = await fixture.rejoin(alice, how);
      await expectRefusal(send(fixture, again, 1), 'rate-limited', exceeded(0, 1));
    });
  });
}
