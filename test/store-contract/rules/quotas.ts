import { describe, expect, test } from '@jest/globals';
import { messageBytes } from '../../../src/signalling/message.ts';
import { outgoing, numbered, expectRefusal, type OpenFixture } from '../store-fixture.ts';

export function quotas(open: OpenFixture): void {
  describe('a full mailbox', () => {
    test('refuses messages until its owner acknowledges some', async () => {
      const fixture = await open({ maxMailboxMessages: 3 });
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3, { to: 'bob' }));
      await expectRefusal(fixture.send(alice, outgoing('4', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });
      expect(await fixture.inbox(bob)).toEqual(['1', '2', '3']);

      await fixture.acknowledge(bob, (await fixture.read(bob, { limit: 1 })).position);
      await fixture.send(alice, outgoing('4', { to: 'bob' }));
      await expectRefusal(fixture.send(alice, outgoing('5', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });
      expect(await fixture.inbox(bob)).toEqual(['2', '3', '4']);
    });

    test('refuses the first byte beyond its limit', async () => {
      const bytes = messageBytes(outgoing('12345'));
      const fixture = await open({ maxMailboxBytes: 2 * bytes });
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('12345', { to: 'bob' }));
      await expectRefusal(fixture.send(alice, outgoing('123456', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });
      await fixture.send(alice, outgoing('12345', { to: 'bob' }));
      await expectRefusal(fixture.send(alice, outgoing('', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });

      await fixture.acknowledgeAll(bob);
      await fixture.send(alice, outgoing('12345', { to: 'bob' }), outgoing('12345', { to: 'bob' }));
    });

    test('is measured in bytes, not in characters', async () => {
      const fixture = await open({ maxMailboxBytes: messageBytes(outgoing('eeee')) });
      const [alice] = await fixture.joinAll('alice', 'bob');
      await expectRefusal(fixture.send(alice, outgoing('éééé', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });
      await fixture.send(alice, outgoing('eeee', { to: 'bob' }));
    });

    test('refuses a batch at the message that would overfill it, and stores none of the batch', async () => {
      const bytes = messageBytes(outgoing('1'));
      for (const limits of [{ maxMailboxMessages: 3 }, { maxMailboxBytes: 3 * bytes }]) {
        const fixture = await open(limits);
        const [alice, bob] = await fixture.joinAll('alice', 'bob');
        await expectRefusal(fixture.send(alice, ...numbered(4, { to: 'bob' })), 'mailbox-full', { messageIndex: 3 });
        expect(await fixture.inbox(bob)).toEqual([]);
        await fixture.send(alice, ...numbered(3, { to: 'bob' }));
      }
    });

    test('is skipped by a broadcast, whose receipt names it', async () => {
      const fixture = await open({ maxMailboxMessages: 2 });
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(bob, carol);
      await fixture.send(alice, ...numbered(2, { to: 'bob' }));
      const [receipt] = await fixture.send(alice, outgoing('all'));
      expect(receipt).toMatchObject({
        recipients: [{ participantId: 'carol' }],
        skipped: [{ participantId: 'bob', code: 'mailbox-full' }],
      });
      expect(await fixture.inbox(bob)).toEqual(['1', '2']);
      expect(await fixture.inbox(carol)).toEqual(['all']);
    });

    test('is skipped by the broadcasts of a batch from the one on that finds it full', async () => {
      const fixture = await open({ maxMailboxMessages: 3 });
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(bob, carol);
      await fixture.send(alice, outgoing('before', { to: 'bob' }));
      const receipts = await fixture.send(alice, ...numbered(3));
      expect(receipts.map(({ skipped }) => skipped?.map(({ participantId }) => participantId))).toEqual([
        undefined,
        undefined,
        ['bob'],
      ]);
      expect(await fixture.inbox(bob)).toEqual(['before', '1', '2']);
      expect(await fixture.inbox(carol)).toEqual(['1', '2', '3']);
    });

    test('refuses a broadcast only when all mailboxes are full', async () => {
      const fixture = await open({ maxMailboxMessages: 1 });
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(bob, carol);
      await expectRefusal(fixture.send(alice, ...numbered(2)), 'mailbox-full', { messageIndex: 1 });
      expect(await fixture.inbox(bob)).toEqual([]);
      await fixture.send(alice, outgoing('1'));
      await expectRefusal(fixture.send(alice, outgoing('2')), 'mailbox-full', { messageIndex: 0 });
      expect(await fixture.inbox(carol)).toEqual(['1']);
    });

    test('is filled exactly by many concurrent senders', async () => {
      const fixture = await open({ maxMailboxMessages: 5 });
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(carol);
      const sends = await Promise.allSettled(
        [alice, bob, alice, bob, alice, bob, alice, bob].map((one) =>
          fixture.send(one, outgoing('x', { to: 'carol' })),
        ),
      );
      expect(sends.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
      expect(await fixture.inbox(carol)).toHaveLength(5);
    });

    test('is no longer full after messages expired', async () => {
      const fixture = await open({ maxMailboxMessages: 1 });
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', { to: 'bob', ttlMs: 1_000 }));
      await fixture.passTime(1_000);
      await fixture.send(alice, outgoing('next', { to: 'bob' }));
      expect(await fixture.inbox(bob)).toEqual(['next']);
    });

    test('still receives room events', async () => {
      const fixture = await open({ maxMailboxMessages: 1, maxMailboxBytes: 400 });
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1', { to: 'bob' }));
      const carol = await fixture.join('carol');
      await fixture.leave(carol);
      expect(await fixture.inbox(bob)).toEqual(['1', 'joined carol', 'left carol left']);
    });

    test('is not filled by room events', async () => {
      const fixture = await open({ maxMailboxMessages: 1, maxMailboxBytes: 400 });
      const [alice, , carol] = await fixture.joinAll('alice', 'bob', 'carol');
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'joined carol']);
      await fixture.send(carol, outgoing('1', { to: 'alice' }));
    });
  });
}
