import { describe, expect, test } from '@jest/globals';
import { draft, numbered, refused, type OpenScene } from '../scene.ts';

export function sendRetries(open: OpenScene): void {
  describe('a retried send with its key', () => {
    test('gives the receipts of the first, and stores nothing', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const first = await scene.sendKeyed(alice, 'k', numbered(3));
      await scene.clock.advance(1_000);
      const retried = await scene.sendKeyed(alice, 'k', numbered(3));
      expect(first.replayed).toBe(false);
      expect(retried).toEqual({ receipts: first.receipts, replayed: true });
      expect(await scene.inbox(bob)).toEqual(['1', '2', '3']);
    });

    test('gives receipts with those who were skipped', async () => {
      const scene = await open({ maxMailboxMessages: 1 });
      const [alice] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.send(alice, draft('1', { to: 'bob' }));
      const first = await scene.sendKeyed(alice, 'k', [draft('2')]);
      expect(first.receipts[0]?.skipped).toHaveLength(1);
      expect(await scene.sendKeyed(alice, 'k', [draft('2')])).toEqual({ ...first, replayed: true });
    });

    test('with another body is refused', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.sendKeyed(alice, 'k', [draft('1')], 'one');
      await refused(scene.sendKeyed(alice, 'k', [draft('2')], 'other'), 'idempotency-key-reused');
      expect(await scene.inbox(bob)).toEqual(['1']);
    });

    test('works after the recipient left, and when its mailbox is full', async () => {
      const scene = await open({ maxMailboxMessages: 1 });
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const first = await scene.sendKeyed(alice, 'k', [draft('1', { to: 'bob' })]);
      expect(await scene.sendKeyed(alice, 'k', [draft('1', { to: 'bob' })])).toEqual({ ...first, replayed: true });
      await scene.leave(bob);
      expect(await scene.sendKeyed(alice, 'k', [draft('1', { to: 'bob' })])).toEqual({ ...first, replayed: true });
    });

    test('is known for 600 s; after that it is a new send', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 3_600_000 });
      const bob = await scene.join('bob', { idleTimeoutMs: 3_600_000 });
      await scene.sendKeyed(alice, 'k', [draft('1')]);
      await scene.acknowledgeAll(bob);
      await scene.pass(599_999);
      expect(await scene.sendKeyed(alice, 'k', [draft('1')])).toMatchObject({ replayed: true });
      await scene.clock.advance(1);
      expect(await scene.sendKeyed(alice, 'k', [draft('2')], 'other')).toMatchObject({ replayed: false });
      expect(await scene.sendKeyed(alice, 'k', [draft('2')], 'other')).toMatchObject({ replayed: true });
      expect(await scene.inbox(bob)).toEqual(['2']);
    });

    test('is the same sender’s alone, and the same operation’s', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(carol);
      await scene.sendKeyed(alice, 'k', [draft('alice')]);
      await scene.sendKeyed(alice, 'batch:k', [draft('alice in another operation')]);
      await scene.sendKeyed(bob, 'k', [draft('bob')]);
      expect(await scene.inbox(carol)).toEqual(['alice', 'alice in another operation', 'bob']);
    });

    test('is known to one who resumed, not to one who started anew', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await scene.join('bob');
      await scene.sendKeyed(alice, 'k', [draft('1')]);
      const resumed = await scene.rejoin(alice, { resume: true });
      expect(await scene.sendKeyed(resumed, 'k', [draft('1')])).toMatchObject({ replayed: true });
      const anew = await scene.rejoin(resumed);
      expect(await scene.sendKeyed(anew, 'k', [draft('1')])).toMatchObject({ replayed: false });
    });

    test('after a refusal is judged anew: only sends that worked are kept', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await refused(scene.sendKeyed(alice, 'k', [draft('1', { to: 'bob' })]), 'recipient-not-found', {
        messageIndex: 0,
      });
      const bob = await scene.join('bob');
      expect(await scene.sendKeyed(alice, 'k', [draft('2', { to: 'bob' })], 'other')).toMatchObject({
        replayed: false,
      });
      expect(await scene.inbox(bob)).toEqual(['2']);
    });

    test('at the same time as the first is stored once, and all get the same receipt', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const sends = await Promise.all([1, 2, 3].map(() => scene.sendKeyed(alice, 'k', [draft('once')])));
      expect(sends.map(({ replayed }) => replayed).sort()).toEqual([false, true, true]);
      expect(new Set(sends.map(({ receipts }) => JSON.stringify(receipts))).size).toBe(1);
      expect(await scene.inbox(bob)).toEqual(['once']);
    });

    test('of two bodies under one key at once, one is stored and the other refused', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const sends = await Promise.allSettled([
        scene.sendKeyed(alice, 'k', [draft('one')], 'one'),
        scene.sendKeyed(alice, 'k', [draft('other')], 'other'),
      ]);
      expect(sends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await scene.inbox(bob)).toHaveLength(1);
    });

    test('is refused to one who went', async () => {
      const scene = await open();
      const [alice] = await scene.joinAll('alice', 'bob');
      await scene.sendKeyed(alice, 'k', [draft('1')]);
      await scene.leave(alice);
      await refused(scene.sendKeyed(alice, 'k', [draft('1')]), 'participant-gone', { reason: 'left' });
    });
  });
}
