import { describe, expect, test } from '@jest/globals';
import type { PersistentStore } from '../../support/store.ts';
import {
  cursorOf,
  outgoing,
  inTurn,
  numbered,
  expectRefusal,
  type Member,
  type OpenFixture,
  type StoreFixture,
} from '../store-fixture.ts';

type Ending = 'reopen' | 'kill';
const ENDINGS: readonly Ending[] = ['reopen', 'kill'];
const SHORT = { ttlMs: 1_000 };

export function durability(open: OpenFixture<PersistentStore>): void {
  describe.each(ENDINGS)('after %s', (ending) => {
    test('rooms, profiles and the order of joining are kept', async () => {
      const fixture = await open();
      await fixture.join('zoe', { displayName: 'Zoe', metadata: '{"a" : 1}', idleTimeoutMs: 5_000 });
      await fixture.clock.advance(10);
      const adam = await fixture.join('adam');
      await fixture.join('attic-adam', { room: 'attic' });
      await fixture.opened[ending]();
      expect(await fixture.store.participants(adam.mailbox.roomId)).toEqual(adam.participants);
      expect(await fixture.roster('attic')).toEqual(['attic-adam']);
    });

    test('mailboxes are kept: messages, acknowledged positions, tombstones and cursors', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3), outgoing('short', SHORT), outgoing('last'));
      await fixture.acknowledge(bob, (await fixture.read(bob, { limit: 1 })).position);
      const second = (await fixture.read(bob, { limit: 1 })).position;
      await fixture.passTime(1_000, alice, bob);
      const before = [await fixture.read(bob), await fixture.read(bob, { after: second }), await fixture.read(alice)];
      await fixture.opened[ending]();
      expect([await fixture.read(bob), await fixture.read(bob, { after: second }), await fixture.read(alice)]).toEqual(
        before,
      );
      await expectRefusal(fixture.read(bob, { after: bob.acknowledged }), 'cursor-expired');
    });

    test('a write-behind acknowledgement is kept, or its cursor brings it again: nothing is lost', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3));
      const second = (await fixture.read(bob, { limit: 2 })).position;
      fixture.store.acknowledgeWriteBehind(bob.mailbox, cursorOf(bob, second));
      await fixture.opened[ending]();
      expect(await unread(fixture, bob, second)).toEqual(['3']);
      fixture.store.acknowledgeWriteBehind(bob.mailbox, cursorOf(bob, second));
      await fixture.clock.advance(1_000);
      await fixture.opened[ending]();
      expect(await fixture.inbox(bob)).toEqual(['3']);
    });

    test('a cursor stays valid when its message was acknowledged and swept a moment before', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', { ttlMs: 100 }));
      const head = await fixture.head(bob);
      fixture.store.acknowledgeWriteBehind(bob.mailbox, cursorOf(bob, head));
      await fixture.passTime(100, alice, bob);
      await fixture.opened[ending]();
      await fixture.send(alice, outgoing('next'));
      expect(await unread(fixture, bob, head)).toEqual(['next']);
    });

    test('tokens are kept in all their states', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { key: 'join' });
      const [bob, carol, dave] = await fixture.joinAll('bob', 'carol', 'dave');
      const taken = await fixture.rejoin(carol);
      const other = await fixture.join('alice', { key: 'join' });
      await fixture.store.claimToken(alice.handle);
      await fixture.leave(dave, 'removed');
      await fixture.opened[ending]();
      const all = { alice, other, bob, carol, taken, dave };
      const states = await inTurn(Object.entries(all), async ([name, one]) => [name, await fixture.tokenState(one)]);
      expect(Object.fromEntries(states)).toEqual({
        alice: 'used',
        other: 'unknown',
        bob: 'fresh',
        carol: 'replaced',
        taken: 'fresh',
        dave: 'gone removed',
      });
      expect((await fixture.rejoin(carol)).mailbox.participantId).toBe('carol');
      await fixture.clock.advance(600_000);
      expect(await fixture.tokenState(dave)).toBe('unknown');
    });

    test('retried joins and sends are recognised', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { key: 'join' });
      await fixture.join('bob');
      const first = await fixture.sendKeyed(alice, 'send', numbered(2));
      await fixture.opened[ending]();
      expect(await fixture.sendKeyed(alice, 'send', [])).toEqual({ receipts: first.receipts, replayed: true });
      await expectRefusal(fixture.sendKeyed(alice, 'send', [], 'other'), 'idempotency-key-reused');
      expect(await fixture.join('alice', { key: 'join' })).toMatchObject({ replayed: true, mailbox: alice.mailbox });
      await fixture.store.claimToken(alice.handle);
      await fixture.opened[ending]();
      await expectRefusal(fixture.join('alice', { key: 'join' }), 'participant-exists');
    });

    test('limits count what was kept', async () => {
      const fixture = await open({ maxMailboxMessages: 3, maxParticipantsPerRoom: 2 });
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(2));
      await fixture.opened[ending]();
      await expectRefusal(fixture.join('carol'), 'room-full');
      await expectRefusal(fixture.send(alice, ...numbered(2)), 'mailbox-full', { messageIndex: 1 });
      await fixture.send(alice, outgoing('3'));
      expect(await fixture.inbox(bob)).toEqual(['1', '2', '3']);
    });

    test('lifetimes end and are reported as without the restart', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', SHORT), outgoing('long'));
      await fixture.opened[ending]();
      await fixture.passTime(1_000, alice, bob);
      expect(await fixture.inbox(bob)).toEqual(['long']);
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'expired to bob']);
    });

    test('every idle time begins anew, and no participant listens yet', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 10_000 });
      fixture.store.openPoll(alice.mailbox).hold(25_000);
      await fixture.clock.advance(3_600_000);
      await fixture.opened[ending]();
      expect((await fixture.store.participants(alice.mailbox.roomId))[0]?.listening).toBe(false);
      await fixture.passTime(9_999);
      expect(await fixture.roster()).toEqual(['alice']);
      await fixture.passTime(1_001);
      expect(await fixture.roster()).toEqual([]);
    });

    test('ended mailboxes and tokens stay ended', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      const anew = await fixture.rejoin(alice);
      await fixture.leave(bob);
      await fixture.opened[ending]();
      expect(await fixture.roster()).toEqual(['carol', 'alice']);
      await expectRefusal(fixture.read(alice), 'participant-gone');
      await expectRefusal(fixture.read(bob), 'participant-gone');
      expect(await fixture.inbox(anew)).toEqual(['left bob left']);
      expect(await fixture.inbox(carol)).toEqual(['left alice replaced', 'joined alice', 'left bob left']);
    });

    test('each answered send of many concurrent ones is kept', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const receipts = await Promise.all(numbered(50).map((message) => fixture.send(alice, message)));
      await fixture.opened[ending]();
      expect(await fixture.ids(bob)).toEqual(receipts.flat().map(({ id }) => id));
    });

    test.each([-3_600_000, 3_600_000])('order and cursors hold with the wall clock %d ms off', async (jumpMs) => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      const head = await fixture.head(bob);
      fixture.clock.jumpWall(jumpMs);
      await fixture.opened[ending](fixture.clock.restarted());
      await fixture.send(alice, outgoing('2'));
      expect(await unread(fixture, bob, head)).toEqual(['2']);
      expect(await unread(fixture, bob, bob.acknowledged)).toContain('2');
    });
  });
}

async function unread(fixture: StoreFixture, reader: Member, after: number): Promise<string[]> {
  const { messages } = await fixture.read(reader, { after });
  return messages.map(({ payload }) => String(JSON.parse(payload ?? '')));
}
