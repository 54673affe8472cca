import { describe, expect, test } from '@jest/globals';
import { messageBytes } from '../../../src/signalling/message.ts';
import { draft, numbered, refused, type OpenScene } from '../scene.ts';

export function quotas(open: OpenScene): void {
  describe('a full mailbox', () => {
    test('takes no more messages, until its owner acknowledges some', async () => {
      const scene = await open({ maxMailboxMessages: 3 });
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3, { to: 'bob' }));
      await refused(scene.send(alice, draft('4', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });
      expect(await scene.inbox(bob)).toEqual(['1', '2', '3']);

      await scene.acknowledge(bob, (await scene.read(bob, { limit: 1 })).position);
      await scene.send(alice, draft('4', { to: 'bob' }));
      await refused(scene.send(alice, draft('5', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });
      expect(await scene.inbox(bob)).toEqual(['2', '3', '4']);
    });

    test('takes no more bytes, to the byte', async () => {
      const bytes = messageBytes(draft('12345'));
      const scene = await open({ maxMailboxBytes: 2 * bytes });
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('12345', { to: 'bob' }));
      await refused(scene.send(alice, draft('123456', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });
      await scene.send(alice, draft('12345', { to: 'bob' }));
      await refused(scene.send(alice, draft('', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });

      await scene.acknowledgeAll(bob);
      await scene.send(alice, draft('12345', { to: 'bob' }), draft('12345', { to: 'bob' }));
    });

    test('counts bytes, not characters', async () => {
      const scene = await open({ maxMailboxBytes: messageBytes(draft('eeee')) });
      const [alice] = await scene.joinAll('alice', 'bob');
      await refused(scene.send(alice, draft('éééé', { to: 'bob' })), 'mailbox-full', { messageIndex: 0 });
      await scene.send(alice, draft('eeee', { to: 'bob' }));
    });

    test('refuses a batch that would overfill it, at the message that does, and stores none of it', async () => {
      const bytes = messageBytes(draft('1'));
      for (const limits of [{ maxMailboxMessages: 3 }, { maxMailboxBytes: 3 * bytes }]) {
        const scene = await open(limits);
        const [alice, bob] = await scene.joinAll('alice', 'bob');
        await refused(scene.send(alice, ...numbered(4, { to: 'bob' })), 'mailbox-full', { messageIndex: 3 });
        expect(await scene.inbox(bob)).toEqual([]);
        await scene.send(alice, ...numbered(3, { to: 'bob' }));
      }
    });

    test('is skipped by a message to everyone, which names it', async () => {
      const scene = await open({ maxMailboxMessages: 2 });
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(bob, carol);
      await scene.send(alice, ...numbered(2, { to: 'bob' }));
      const [receipt] = await scene.send(alice, draft('all'));
      expect(receipt).toMatchObject({
        recipients: [{ participantId: 'carol' }],
        skipped: [{ participantId: 'bob', code: 'mailbox-full' }],
      });
      expect(await scene.inbox(bob)).toEqual(['1', '2']);
      expect(await scene.inbox(carol)).toEqual(['all']);
    });

    test('is skipped from the message of the batch on that finds it full', async () => {
      const scene = await open({ maxMailboxMessages: 3 });
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(bob, carol);
      await scene.send(alice, draft('before', { to: 'bob' }));
      const receipts = await scene.send(alice, ...numbered(3));
      expect(receipts.map(({ skipped }) => skipped?.map(({ participantId }) => participantId))).toEqual([
        undefined,
        undefined,
        ['bob'],
      ]);
      expect(await scene.inbox(bob)).toEqual(['before', '1', '2']);
      expect(await scene.inbox(carol)).toEqual(['1', '2', '3']);
    });

    test('refuses a message to everyone only when all are full', async () => {
      const scene = await open({ maxMailboxMessages: 1 });
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(bob, carol);
      await refused(scene.send(alice, ...numbered(2)), 'mailbox-full', { messageIndex: 1 });
      expect(await scene.inbox(bob)).toEqual([]);
      await scene.send(alice, draft('1'));
      await refused(scene.send(alice, draft('2')), 'mailbox-full', { messageIndex: 0 });
      expect(await scene.inbox(carol)).toEqual(['1']);
    });

    test('is filled exactly by many senders at once', async () => {
      const scene = await open({ maxMailboxMessages: 5 });
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(carol);
      const sends = await Promise.allSettled(
        [alice, bob, alice, bob, alice, bob, alice, bob].map((one) => scene.send(one, draft('x', { to: 'carol' }))),
      );
      expect(sends.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
      expect(await scene.inbox(carol)).toHaveLength(5);
    });

    test('is no longer full when lifetimes ended', async () => {
      const scene = await open({ maxMailboxMessages: 1 });
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', { to: 'bob', ttlMs: 1_000 }));
      await scene.pass(1_000);
      await scene.send(alice, draft('next', { to: 'bob' }));
      expect(await scene.inbox(bob)).toEqual(['next']);
    });

    test('still learns who comes and goes', async () => {
      const scene = await open({ maxMailboxMessages: 1, maxMailboxBytes: 400 });
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1', { to: 'bob' }));
      const carol = await scene.join('carol');
      await scene.leave(carol);
      expect(await scene.inbox(bob)).toEqual(['1', 'joined carol', 'left carol left']);
    });

    test('is not what room events fill', async () => {
      const scene = await open({ maxMailboxMessages: 1, maxMailboxBytes: 400 });
      const [alice, , carol] = await scene.joinAll('alice', 'bob', 'carol');
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'joined carol']);
      await scene.send(carol, draft('1', { to: 'alice' }));
    });
  });
}
