import { describe, expect, test } from '@jest/globals';
import type { SignallingErrorDetails } from '../../../src/signalling/errors.ts';
import type { RateLimit } from '../../../src/signalling/rate-limit.ts';
import { draft, numbered, refused, type Member, type OpenScene, type Scene } from '../scene.ts';

/** Ten at once, and one more each second. */
const RATE: RateLimit = { name: 'messages', quota: 10, windowMs: 10_000 };

const send = (scene: Scene, { mailbox: sender }: Member, count: number): Promise<unknown> =>
  scene.store.append({ sender, messages: numbered(count), rate: RATE });

const exceeded = (remaining: number, retryAfterSeconds: number): SignallingErrorDetails => ({
  limit: { name: 'messages', quota: 10, windowSeconds: 10, remaining, retryAfterSeconds },
});

export function budgets(open: OpenScene): void {
  describe("a sender's budget", () => {
    test('is one for each message, and is refilled evenly', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await send(scene, alice, 7);
      await send(scene, alice, 3);
      await refused(send(scene, alice, 1), 'rate-limited', exceeded(0, 1));
      await refused(send(scene, alice, 4), 'rate-limited', exceeded(0, 4));
      expect(await scene.inbox(bob)).toHaveLength(10);
      await scene.clock.advance(2_000);
      await refused(send(scene, alice, 3), 'rate-limited', exceeded(2, 1));
      await send(scene, alice, 2);
      await refused(send(scene, alice, 1), 'rate-limited', exceeded(0, 1));
    });

    test('is its own: others are not slowed down', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await send(scene, alice, 10);
      await send(scene, bob, 10);
    });

    test('is not charged for what is sent without a rate', async () => {
      const scene = await open();
      const [alice] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(50));
      await send(scene, alice, 10);
    });

    test('is charged once for many sends at once', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const sends = await Promise.allSettled(Array.from({ length: 20 }, () => send(scene, alice, 1)));
      expect(sends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      expect(await scene.inbox(bob)).toHaveLength(10);
    });

    test('is not charged for a replay, and does not refuse one', async () => {
      const scene = await open();
      const [alice] = await scene.joinAll('alice', 'bob');
      const keyed = () =>
        scene.store.append({
          sender: alice.mailbox,
          messages: numbered(9),
          rate: RATE,
          idempotency: { scope: 'send:k', fingerprint: 'body' },
        });
      const first = await keyed();
      expect(await keyed()).toEqual({ ...first, replayed: true });
      await send(scene, alice, 1);
      expect(await keyed()).toEqual({ ...first, replayed: true });
    });

    test('refuses before the recipient is looked up, and keeps what a later refusal cost', async () => {
      const scene = await open();
      const [alice] = await scene.joinAll('alice', 'bob');
      const toNobody = () =>
        scene.store.append({ sender: alice.mailbox, messages: [draft('1', { to: 'nobody' })], rate: RATE });
      for (let time = 0; time < 10; time += 1) await refused(toNobody(), 'recipient-not-found', { messageIndex: 0 });
      await refused(toNobody(), 'rate-limited', exceeded(0, 1));
    });

    test.each([{ resume: true }, { resume: false }])('is not filled by joining again with %j', async (how) => {
      const scene = await open();
      const [alice] = await scene.joinAll('alice', 'bob');
      await send(scene, alice, 10);
      const again = await scene.rejoin(alice, how);
      await refused(send(scene, again, 1), 'rate-limited', exceeded(0, 1));
    });
  });
}
