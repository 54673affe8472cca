import { describe, expect, test } from '@jest/globals';
import { draft, numbered, refused, resetTo, type OpenScene } from '../scene.ts';

export function acknowledging(open: OpenScene): void {
  describe('acknowledging', () => {
    test('forgets all up to the cursor, and nothing behind it', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(4));
      await scene.acknowledge(bob, (await scene.read(bob, { limit: 3 })).position);
      expect(await scene.inbox(bob)).toEqual(['4']);
      await scene.acknowledgeAll(bob);
      expect(await scene.inbox(bob)).toEqual([]);
    });

    test('touches no other mailbox', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(carol, bob);
      await scene.send(alice, draft('1'));
      await scene.acknowledgeAll(bob);
      expect(await scene.inbox(carol)).toEqual(['1']);
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'joined carol']);
    });

    test('does nothing at or behind what was acknowledged', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      const first = await scene.read(bob, { limit: 1 });
      const second = await scene.read(bob, { limit: 2 });
      await scene.acknowledge(bob, second.position);
      for (const position of [second.position, first.position, bob.acknowledged, 0])
        await scene.acknowledge(bob, position);
      expect(await scene.inbox(bob)).toEqual(['3']);
      await scene.read(bob, { after: second.position });
    });

    test('two at once, in whatever order, come to the further one', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      const first = await scene.read(bob, { limit: 1 });
      const second = await scene.read(bob, { limit: 2 });
      await Promise.all([scene.acknowledge(bob, second.position), scene.acknowledge(bob, first.position)]);
      expect(await scene.inbox(bob)).toEqual(['3']);
    });

    test('with a cursor of another mailbox is refused, and forgets nothing', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      const position = await scene.head(bob);
      for (const behindOrNot of [position, 0]) {
        const cursor = { mailboxId: alice.mailbox.mailboxId, position: behindOrNot };
        await refused(scene.store.acknowledge(bob.mailbox, cursor), 'cursor-expired', resetTo(bob, bob.acknowledged));
      }
      expect(await scene.inbox(bob)).toEqual(['1']);
    });

    test('with a cursor ahead of the head is refused, and forgets nothing', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      const ahead = (await scene.head(bob)) + 1;
      await refused(scene.acknowledge(bob, ahead), 'cursor-expired', resetTo(bob, bob.acknowledged));
      expect(await scene.inbox(bob)).toEqual(['1']);
    });

    test('is refused to one who went', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      const head = await scene.head(bob);
      await scene.leave(bob);
      await refused(scene.acknowledge(bob, head), 'participant-gone', { reason: 'left' });
    });

    test('forgets room events and gaps like messages', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(bob, draft('short', { ttlMs: 1_000 }));
      await scene.leave(bob);
      await scene.pass(1_000, alice);
      const page = await scene.read(alice);
      expect(page).toMatchObject({ expired: 1 });
      await scene.acknowledge(alice, page.position);
      expect(await scene.read(alice)).toEqual({ messages: [], position: page.position, expired: 0, more: false });
    });

    test('everything leaves an end from which reading goes on', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      const head = await scene.head(bob);
      await scene.acknowledge(bob, head);
      expect(await scene.read(bob, { after: head })).toMatchObject({ messages: [], position: head, more: false });
      await scene.send(alice, draft('2'));
      const page = await scene.read(bob, { after: head });
      expect(page.messages).toHaveLength(1);
      expect(page.position).toBeGreaterThan(head);
    });
  });
}
