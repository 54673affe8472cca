import { describe, expect, test } from '@jest/globals';
import {
  cursorOf,
  outgoing,
  numbered,
  participantId,
  expectRefusal,
  resetTo,
  type Member,
  type OpenFixture,
  type StoreFixture,
} from '../store-fixture.ts';

/** Acknowledges, then writes to the room without a change: the acknowledgement must take effect before that write. */
async function acknowledgeWriteBehind(fixture: StoreFixture, reader: Member, position: number): Promise<void> {
  fixture.store.acknowledgeWriteBehind(reader.mailbox, cursorOf(reader, position));
  await fixture.store.depart(reader.mailbox.roomId, participantId('nobody'), 'left');
}

/** Longer than any store may delay the write. */
const WRITTEN_MS = 1_000;

export function writeBehindAcknowledgements(open: OpenFixture): void {
  describe('a write-behind acknowledgement', () => {
    test('is seen by reads after the next write', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      const first = (await fixture.read(bob, { limit: 1 })).position;
      const second = (await fixture.read(bob, { limit: 2 })).position;
      await acknowledgeWriteBehind(fixture, bob, second);
      expect(await fixture.inbox(bob)).toEqual(['3']);
      expect(await fixture.read(bob, { after: second })).toMatchObject({ messages: [{}], more: false });
      await expectRefusal(fixture.read(bob, { after: first }), 'cursor-expired', resetTo(bob, second));
    });

    test('stays in effect after it was written', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      const second = (await fixture.read(bob, { limit: 2 })).position;
      await acknowledgeWriteBehind(fixture, bob, second);
      await fixture.passTime(WRITTEN_MS, alice, bob);
      expect(await fixture.inbox(bob)).toEqual(['3']);
      await fixture.acknowledge(bob, second);
      await fixture.acknowledgeAll(bob);
      expect(await fixture.inbox(bob)).toEqual([]);
    });

    test('frees space in the mailbox', async () => {
      const fixture = await open({ maxMailboxMessages: 2 });
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(2));
      await acknowledgeWriteBehind(fixture, bob, await fixture.head(bob));
      await fixture.send(alice, ...numbered(2));
      await expectRefusal(fixture.send(alice, outgoing('3')), 'mailbox-full', { messageIndex: 0 });
      await acknowledgeWriteBehind(fixture, bob, (await fixture.read(bob, { limit: 1 })).position);
      await fixture.send(alice, outgoing('3'));
      expect(await fixture.inbox(bob)).toEqual(['2', '3']);
    });

    test('does nothing where `acknowledge` would refuse, and at an older position', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(alice, bob);
      await fixture.send(alice, ...numbered(2, { to: 'bob' }));
      const head = await fixture.head(bob);
      await acknowledgeWriteBehind(fixture, bob, head + 1);
      await acknowledgeWriteBehind(fixture, bob, 0);
      fixture.store.acknowledgeWriteBehind(bob.mailbox, cursorOf(carol, head));
      await fixture.passTime(WRITTEN_MS, alice, bob, carol);
      expect(await fixture.inbox(bob)).toEqual(['1', '2']);

      await fixture.leave(carol);
      await acknowledgeWriteBehind(fixture, carol, head);
      await fixture.passTime(WRITTEN_MS, alice, bob);
      expect(await fixture.inbox(bob)).toEqual(['1', '2', 'left carol left']);
    });

    test('keeps a message from being reported as expired if it comes in time, even before it is written', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', { ttlMs: 100 }), outgoing('kept', { ttlMs: 60_000 }));
      const first = (await fixture.read(bob, { limit: 1 })).position;
      await fixture.clock.advance(90);
      await acknowledgeWriteBehind(fixture, bob, first);
      await fixture.passTime(10, alice, bob);
      await fixture.passTime(WRITTEN_MS, alice, bob);
      expect(await fixture.inbox(alice)).toEqual(['joined bob']);
      expect(await fixture.read(bob)).toMatchObject({ messages: [{}], expired: 0 });
    });

    test('does not keep a message from being reported as expired if it comes too late', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', { ttlMs: 100 }), outgoing('kept', { ttlMs: 60_000 }));
      const first = (await fixture.read(bob, { limit: 1 })).position;
      await fixture.clock.advance(100);
      await acknowledgeWriteBehind(fixture, bob, first);
      await fixture.passTime(WRITTEN_MS, alice, bob);
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'expired to bob']);
      expect(await fixture.inbox(bob)).toEqual(['kept']);
    });

    test('covers tombstones and room events like messages', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(bob, ...numbered(40, { ttlMs: 100 }), outgoing('kept'));
      await fixture.passTime(100, alice, bob);
      const page = await fixture.read(alice, { limit: 20 });
      await acknowledgeWriteBehind(fixture, alice, page.position);
      expect(await fixture.read(alice)).toMatchObject({
        messages: [{ payload: '"kept"' }],
        expired: 40 - page.expired,
      });
      await fixture.passTime(WRITTEN_MS, alice, bob);
      expect(await fixture.read(alice)).toMatchObject({
        messages: [{ payload: '"kept"' }],
        expired: 40 - page.expired,
      });
    });

    test('may be followed at once by any other operation on the mailbox', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      await acknowledgeWriteBehind(fixture, bob, (await fixture.read(bob, { limit: 2 })).position);
      const resumed = await fixture.rejoin(bob, { resume: true });
      expect(await fixture.inbox(resumed)).toEqual(['3']);
      await acknowledgeWriteBehind(fixture, resumed, await fixture.head(resumed));
      const anew = await fixture.rejoin(resumed);
      await fixture.passTime(WRITTEN_MS, alice, anew);
      expect(await fixture.inbox(anew)).toEqual([]);
      await fixture.send(alice, outgoing('new'));
      await acknowledgeWriteBehind(fixture, anew, await fixture.head(anew));
      await fixture.leave(anew);
      await fixture.passTime(WRITTEN_MS, alice);
      expect(await fixture.roster()).toEqual(['alice']);
    });
  });
}
