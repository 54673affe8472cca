import { describe, expect, test } from '@jest/globals';
import type { LastingStore } from '../../support/store.ts';
import { draft, numbered, refused, resetTo, wordsOf, type Member, type OpenScene, type Scene } from '../scene.ts';

interface Story {
  readonly scene: Scene<LastingStore>;
  readonly alice: Member;
  readonly bob: Member;
  /** What bob had read to the end before the copy took its place. */
  readonly lost: number;
}

/** A copy is made, more is written and read, and the copy is put back. */
async function rolledBack(scene: Scene<LastingStore>, clock?: typeof scene.clock): Promise<Story> {
  const [alice, bob] = await scene.joinAll('alice', 'bob');
  await scene.send(alice, draft('in the copy'));
  const restore = await scene.opened.copy();
  await scene.clock.advance(5);
  await scene.send(alice, ...numbered(5));
  const lost = await scene.head(bob);
  await scene.clock.advance(5);
  await restore(clock);
  return { scene, alice, bob, lost };
}

export function rollingBack(open: OpenScene<LastingStore>): void {
  describe('a store that was rolled back to an older copy', () => {
    test('says so to a cursor that it never gave, as long as nothing new is there', async () => {
      const { scene, bob, lost } = await rolledBack(await open());
      await refused(scene.read(bob, { after: lost }), 'cursor-expired', resetTo(bob, bob.acknowledged));
      await refused(scene.acknowledge(bob, lost), 'cursor-expired', resetTo(bob, bob.acknowledged));
      expect(await scene.inbox(bob)).toEqual(['in the copy']);
    });

    test('delivers what was written since behind any cursor from before: nothing is skipped', async () => {
      const { scene, alice, bob, lost } = await rolledBack(await open());
      await scene.send(alice, draft('new'));
      expect(wordsOf(await scene.read(bob, { after: lost }))).toEqual(['new']);
      expect(await scene.inbox(bob)).toEqual(['in the copy', 'new']);
    });

    test('does so also with more new messages than were lost', async () => {
      const { scene, alice, bob, lost } = await rolledBack(await open());
      await scene.send(alice, ...numbered(50));
      expect(wordsOf(await scene.read(bob, { after: lost }))).toHaveLength(50);
    });

    test('takes such a cursor as an acknowledgement of all that was before', async () => {
      const { scene, alice, bob, lost } = await rolledBack(await open());
      await scene.send(alice, draft('new'));
      await scene.acknowledge(bob, lost);
      expect(await scene.inbox(bob)).toEqual(['new']);
    });

    test('knows nothing of who came after the copy, and lets them come again', async () => {
      const scene = await open();
      await scene.join('alice');
      const restore = await scene.opened.copy();
      const bob = await scene.join('bob');
      await scene.clock.advance(5);
      await restore();
      expect(await scene.tokenState(bob)).toBe('unknown');
      await refused(scene.read(bob), 'participant-gone');
      const again = await scene.join('bob');
      const range = { after: { ...bob.mailbox, position: 0 }, limit: 1, maxBytes: 1 };
      await refused(scene.store.read(again.mailbox, range), 'cursor-expired', resetTo(again, again.acknowledged));
    });

    test('has those back who went after the copy, until their idle time is over', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const restore = await scene.opened.copy();
      await scene.leave(bob);
      await scene.clock.advance(5);
      await restore();
      expect(await scene.roster()).toEqual(['alice', 'bob']);
      await scene.pass(30_000, alice);
      await scene.pass(31_000, alice);
      expect(await scene.roster()).toEqual(['alice']);
    });

    test('twice, with work in between, still skips nothing', async () => {
      const scene = await open();
      const { alice, bob, lost } = await rolledBack(scene);
      const restore = await scene.opened.copy();
      await scene.clock.advance(5);
      await scene.send(alice, draft('lost again'));
      const lostAgain = await scene.head(bob);
      await scene.clock.advance(5);
      await restore();
      await scene.send(alice, draft('new'));
      for (const after of [lost, lostAgain]) expect(wordsOf(await scene.read(bob, { after }))).toEqual(['new']);
    });
  });
}
