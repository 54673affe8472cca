import { describe, expect, test } from '@jest/globals';
import type { PersistentStore } from '../../support/store.ts';
import {
  outgoing,
  numbered,
  expectRefusal,
  resetTo,
  summariesOf,
  type Member,
  type OpenFixture,
  type StoreFixture,
} from '../store-fixture.ts';

interface Story {
  readonly fixture: StoreFixture<PersistentStore>;
  readonly alice: Member;
  readonly bob: Member;
  /** Head of the mailbox of bob before the copy was restored. */
  readonly lost: number;
}

/** Copies the data, writes and reads more, then restores the copy. */
async function rolledBack(fixture: StoreFixture<PersistentStore>, clock?: typeof fixture.clock): Promise<Story> {
  const [alice, bob] = await fixture.joinAll('alice', 'bob');
  await fixture.send(alice, outgoing('in the copy'));
  const restore = await fixture.opened.copy();
  await fixture.clock.advance(5);
  await fixture.send(alice, ...numbered(5));
  const lost = await fixture.head(bob);
  await fixture.clock.advance(5);
  await restore(clock);
  return { fixture, alice, bob, lost };
}

export function rollingBack(open: OpenFixture<PersistentStore>): void {
  describe('a store that was rolled back to an older copy', () => {
    test('refuses a cursor that it never issued, until something new is stored', async () => {
      const { fixture, bob, lost } = await rolledBack(await open());
      await expectRefusal(fixture.read(bob, { after: lost }), 'cursor-expired', resetTo(bob, bob.acknowledged));
      await expectRefusal(fixture.acknowledge(bob, lost), 'cursor-expired', resetTo(bob, bob.acknowledged));
      expect(await fixture.inbox(bob)).toEqual(['in the copy']);
    });

    test('delivers everything new after any cursor from before the roll-back', async () => {
      const { fixture, alice, bob, lost } = await rolledBack(await open());
      await fixture.send(alice, outgoing('new'));
      expect(summariesOf(await fixture.read(bob, { after: lost }))).toEqual(['new']);
      expect(await fixture.inbox(bob)).toEqual(['in the copy', 'new']);
    });

    test('delivers everything new even if it is more than was lost', async () => {
      const { fixture, alice, bob, lost } = await rolledBack(await open());
      await fixture.send(alice, ...numbered(50));
      expect(summariesOf(await fixture.read(bob, { after: lost }))).toHaveLength(50);
    });

    test('takes a cursor from before the roll-back as an acknowledgement of everything older', async () => {
      const { fixture, alice, bob, lost } = await rolledBack(await open());
      await fixture.send(alice, outgoing('new'));
      await fixture.acknowledge(bob, lost);
      expect(await fixture.inbox(bob)).toEqual(['new']);
    });

    test('does not know participants who joined after the copy, and lets them join again', async () => {
      const fixture = await open();
      await fixture.join('alice');
      const restore = await fixture.opened.copy();
      const bob = await fixture.join('bob');
      await fixture.clock.advance(5);
      await restore();
      expect(await fixture.tokenState(bob)).toBe('unknown');
      await expectRefusal(fixture.read(bob), 'participant-gone');
      const again = await fixture.join('bob');
      const range = { after: { ...bob.mailbox, position: 0 }, limit: 1, maxBytes: 1 };
      await expectRefusal(
        () => fixture.store.read(again.mailbox, range),
        'cursor-expired',
        resetTo(again, again.acknowledged),
      );
    });

    test('has participants who left after the copy back, until their idle timeout', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const restore = await fixture.opened.copy();
      await fixture.leave(bob);
      await fixture.clock.advance(5);
      await restore();
      expect(await fixture.roster()).toEqual(['alice', 'bob']);
      await fixture.passTime(30_000, alice);
      await fixture.passTime(31_000, alice);
      expect(await fixture.roster()).toEqual(['alice']);
    });

    test('skips nothing when it is rolled back twice', async () => {
      const fixture = await open();
      const { alice, bob, lost } = await rolledBack(fixture);
      const restore = await fixture.opened.copy();
      await fixture.clock.advance(5);
      await fixture.send(alice, outgoing('lost again'));
      const lostAgain = await fixture.head(bob);
      await fixture.clock.advance(5);
      await restore();
      await fixture.send(alice, outgoing('new'));
      for (const after of [lost, lostAgain]) expect(summariesOf(await fixture.read(bob, { after }))).toEqual(['new']);
    });
  });
}
