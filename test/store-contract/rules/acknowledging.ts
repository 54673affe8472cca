import { describe, expect, test } from '@jest/globals';
import { outgoing, numbered, expectRefusal, resetTo, type OpenFixture } from '../store-fixture.ts';

export function acknowledging(open: OpenFixture): void {
  describe('acknowledging', () => {
    test('removes everything up to the cursor, and nothing after it', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(4));
      await fixture.acknowledge(bob, (await fixture.read(bob, { limit: 3 })).position);
      expect(await fixture.inbox(bob)).toEqual(['4']);
      await fixture.acknowledgeAll(bob);
      expect(await fixture.inbox(bob)).toEqual([]);
    });

    test('affects no other mailbox', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(carol, bob);
      await fixture.send(alice, outgoing('1'));
      await fixture.acknowledgeAll(bob);
      expect(await fixture.inbox(carol)).toEqual(['1']);
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'joined carol']);
    });

    test('does nothing at or before the acknowledged position', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      const first = await fixture.read(bob, { limit: 1 });
      const second = await fixture.read(bob, { limit: 2 });
      await fixture.acknowledge(bob, second.position);
      for (const position of [second.position, first.position, bob.acknowledged, 0])
        await fixture.acknowledge(bob, position);
      expect(await fixture.inbox(bob)).toEqual(['3']);
      await fixture.read(bob, { after: second.position });
    });

    test('ends at the further of two concurrent cursors, in any order', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      const first = await fixture.read(bob, { limit: 1 });
      const second = await fixture.read(bob, { limit: 2 });
      await Promise.all([fixture.acknowledge(bob, second.position), fixture.acknowledge(bob, first.position)]);
      expect(await fixture.inbox(bob)).toEqual(['3']);
    });

    test('is refused with a cursor of another mailbox, and removes nothing', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      const position = await fixture.head(bob);
      for (const behindOrNot of [position, 0]) {
        const cursor = { mailboxId: alice.mailbox.mailboxId, position: behindOrNot };
        await expectRefusal(
          fixture.store.acknowledge(bob.mailbox, cursor),
          'cursor-expired',
          resetTo(bob, bob.acknowledged),
        );
      }
      expect(await fixture.inbox(bob)).toEqual(['1']);
    });

    test('is refused with a cursor ahead of the head, and removes nothing', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      const ahead = (await fixture.head(bob)) + 1;
      await expectRefusal(fixture.acknowledge(bob, ahead), 'cursor-expired', resetTo(bob, bob.acknowledged));
      expect(await fixture.inbox(bob)).toEqual(['1']);
    });

    test('is refused to a departed participant', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      const head = await fixture.head(bob);
      await fixture.leave(bob);
      await expectRefusal(fixture.acknowledge(bob, head), 'participant-gone', { reason: 'left' });
    });

    test('removes room events and tombstones like messages', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(bob, outgoing('short', { ttlMs: 1_000 }));
      await fixture.leave(bob);
      await fixture.passTime(1_000, alice);
      const page = await fixture.read(alice);
      expect(page).toMatchObject({ expired: 1 });
      await fixture.acknowledge(alice, page.position);
      expect(await fixture.read(alice)).toEqual({ messages: [], position: page.position, expired: 0, more: false });
    });

    test('everything leaves a head from which reading continues', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      const head = await fixture.head(bob);
      await fixture.acknowledge(bob, head);
      expect(await fixture.read(bob, { after: head })).toMatchObject({ messages: [], position: head, more: false });
      await fixture.send(alice, outgoing('2'));
      const page = await fixture.read(bob, { after: head });
      expect(page.messages).toHaveLength(1);
      expect(page.position).toBeGreaterThan(head);
    });
  });
}
