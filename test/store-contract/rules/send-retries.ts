import { describe, expect, test } from '@jest/globals';
import { fingerprint } from '../../../src/signalling/idempotency.ts';
import { outgoing, numbered, expectRefusal, type OpenFixture } from '../store-fixture.ts';

export function sendRetries(open: OpenFixture): void {
  describe('a retried send with an idempotency key', () => {
    test('returns the receipts of the first, and stores nothing', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const first = await fixture.sendKeyed(alice, 'k', numbered(3));
      await fixture.clock.advance(1_000);
      const retried = await fixture.sendKeyed(alice, 'k', numbered(3));
      expect(first.replayed).toBe(false);
      expect(retried).toEqual({ receipts: first.receipts, replayed: true });
      expect(await fixture.inbox(bob)).toEqual(['1', '2', '3']);
    });

    test('returns receipts with the skipped recipients', async () => {
      const fixture = await open({ maxMailboxMessages: 1 });
      const [alice] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.send(alice, outgoing('1', { to: 'bob' }));
      const first = await fixture.sendKeyed(alice, 'k', [outgoing('2')]);
      expect(first.receipts[0]?.skipped).toHaveLength(1);
      expect(await fixture.sendKeyed(alice, 'k', [outgoing('2')])).toEqual({ ...first, replayed: true });
    });

    test('is refused with another body', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.sendKeyed(alice, 'k', [outgoing('1')], 'one');
      await expectRefusal(fixture.sendKeyed(alice, 'k', [outgoing('2')], 'other'), 'idempotency-key-reused');
      expect(await fixture.inbox(bob)).toEqual(['1']);
    });

    test('is a replay of a send that version 0.1.0 stored, whose fingerprint cannot be compared', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const first = await fixture.sendKeyed(alice, 'k', [outgoing('1')], 'fingerprint of 0.1.0');
      const retried = await fixture.sendKeyed(alice, 'k', [outgoing('1')], fingerprint('{}'));
      expect(retried).toEqual({ ...first, replayed: true });
      await expectRefusal(fixture.sendKeyed(alice, 'k', [], 'another of 0.1.0'), 'idempotency-key-reused');
      expect(await fixture.inbox(bob)).toEqual(['1']);
    });

    test('works after the recipient left, and when its mailbox is full', async () => {
      const fixture = await open({ maxMailboxMessages: 1 });
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const first = await fixture.sendKeyed(alice, 'k', [outgoing('1', { to: 'bob' })]);
      expect(await fixture.sendKeyed(alice, 'k', [outgoing('1', { to: 'bob' })])).toEqual({ ...first, replayed: true });
      await fixture.leave(bob);
      expect(await fixture.sendKeyed(alice, 'k', [outgoing('1', { to: 'bob' })])).toEqual({ ...first, replayed: true });
    });

    test('is a replay for 600 s, and a new send after that', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 3_600_000 });
      const bob = await fixture.join('bob', { idleTimeoutMs: 3_600_000 });
      await fixture.sendKeyed(alice, 'k', [outgoing('1')]);
      await fixture.acknowledgeAll(bob);
      await fixture.passTime(599_999);
      expect(await fixture.sendKeyed(alice, 'k', [outgoing('1')])).toMatchObject({ replayed: true });
      await fixture.clock.advance(1);
      expect(await fixture.sendKeyed(alice, 'k', [outgoing('2')], 'other')).toMatchObject({ replayed: false });
      expect(await fixture.sendKeyed(alice, 'k', [outgoing('2')], 'other')).toMatchObject({ replayed: true });
      expect(await fixture.inbox(bob)).toEqual(['2']);
    });

    test('is a replay for the same sender and operation only', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(carol);
      await fixture.sendKeyed(alice, 'k', [outgoing('alice')]);
      await fixture.sendKeyed(alice, 'batch:k', [outgoing('alice in another operation')]);
      await fixture.sendKeyed(bob, 'k', [outgoing('bob')]);
      expect(await fixture.inbox(carol)).toEqual(['alice', 'alice in another operation', 'bob']);
    });

    test('is a replay after a resume, and a new send after a new start', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await fixture.join('bob');
      await fixture.sendKeyed(alice, 'k', [outgoing('1')]);
      const resumed = await fixture.rejoin(alice, { resume: true });
      expect(await fixture.sendKeyed(resumed, 'k', [outgoing('1')])).toMatchObject({ replayed: true });
      const anew = await fixture.rejoin(resumed);
      expect(await fixture.sendKeyed(anew, 'k', [outgoing('1')])).toMatchObject({ replayed: false });
    });

    test('is decided anew after a refusal: only successful sends are kept', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await expectRefusal(fixture.sendKeyed(alice, 'k', [outgoing('1', { to: 'bob' })]), 'recipient-not-found', {
        messageIndex: 0,
      });
      const bob = await fixture.join('bob');
      expect(await fixture.sendKeyed(alice, 'k', [outgoing('2', { to: 'bob' })], 'other')).toMatchObject({
        replayed: false,
      });
      expect(await fixture.inbox(bob)).toEqual(['2']);
    });

    test('is stored once, with one receipt for all, when it races with the first', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const sends = await Promise.all([1, 2, 3].map(() => fixture.sendKeyed(alice, 'k', [outgoing('once')])));
      expect(sends.map(({ replayed }) => replayed).sort()).toEqual([false, true, true]);
      expect(new Set(sends.map(({ receipts }) => JSON.stringify(receipts))).size).toBe(1);
      expect(await fixture.inbox(bob)).toEqual(['once']);
    });

    test('is refused when it races with another body under the same key', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const sends = await Promise.allSettled([
        fixture.sendKeyed(alice, 'k', [outgoing('one')], 'one'),
        fixture.sendKeyed(alice, 'k', [outgoing('other')], 'other'),
      ]);
      expect(sends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await fixture.inbox(bob)).toHaveLength(1);
    });

    test('is refused to a departed participant', async () => {
      const fixture = await open();
      const [alice] = await fixture.joinAll('alice', 'bob');
      await fixture.sendKeyed(alice, 'k', [outgoing('1')]);
      await fixture.leave(alice);
      await expectRefusal(fixture.sendKeyed(alice, 'k', [outgoing('1')]), 'participant-gone', { reason: 'left' });
    });
  });
}
