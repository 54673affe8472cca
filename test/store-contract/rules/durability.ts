import { describe, expect, test } from '@jest/globals';
import type { LastingStore } from '../../support/store.ts';
import { cursorOf, draft, inTurn, numbered, refused, type Member, type OpenScene, type Scene } from '../scene.ts';

type Ending = 'reopen' | 'kill';
const ENDINGS: readonly Ending[] = ['reopen', 'kill'];
const SHORT = { ttlMs: 1_000 };

export function durability(open: OpenScene<LastingStore>): void {
  describe.each(ENDINGS)('after %s', (ending) => {
    test('rooms, profiles and the order of joining are there', async () => {
      const scene = await open();
      await scene.join('zoe', { displayName: 'Zoe', metadata: '{"a" : 1}', idleTimeoutMs: 5_000 });
      await scene.clock.advance(10);
      const adam = await scene.join('adam');
      await scene.join('attic-adam', { room: 'attic' });
      await scene.opened[ending]();
      expect(await scene.store.participants(adam.mailbox.roomId)).toEqual(adam.participants);
      expect(await scene.roster('attic')).toEqual(['attic-adam']);
    });

    test('mailboxes are there: messages, what was acknowledged, gaps, and cursors', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3), draft('short', SHORT), draft('last'));
      await scene.acknowledge(bob, (await scene.read(bob, { limit: 1 })).position);
      const second = (await scene.read(bob, { limit: 1 })).position;
      await scene.pass(1_000, alice, bob);
      const before = [await scene.read(bob), await scene.read(bob, { after: second }), await scene.read(alice)];
      await scene.opened[ending]();
      expect([await scene.read(bob), await scene.read(bob, { after: second }), await scene.read(alice)]).toEqual(
        before,
      );
      await refused(scene.read(bob, { after: bob.acknowledged }), 'cursor-expired');
    });

    test('an acknowledgement by a poll is kept, or its cursor brings it again: nothing is lost', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      const second = (await scene.read(bob, { limit: 2 })).position;
      scene.store.acknowledgeWriteBehind(bob.mailbox, cursorOf(bob, second));
      await scene.opened[ending]();
      expect(await unread(scene, bob, second)).toEqual(['3']);
      scene.store.acknowledgeWriteBehind(bob.mailbox, cursorOf(bob, second));
      await scene.clock.advance(1_000);
      await scene.opened[ending]();
      expect(await scene.inbox(bob)).toEqual(['3']);
    });

    test('a cursor is still good when its message was acknowledged and swept a moment before', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', { ttlMs: 100 }));
      const head = await scene.head(bob);
      scene.store.acknowledgeWriteBehind(bob.mailbox, cursorOf(bob, head));
      await scene.pass(100, alice, bob);
      await scene.opened[ending]();
      await scene.send(alice, draft('next'));
      expect(await unread(scene, bob, head)).toEqual(['next']);
    });

    test('tokens are there in all their states', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { key: 'join' });
      const [bob, carol, dave] = await scene.joinAll('bob', 'carol', 'dave');
      const taken = await scene.rejoin(carol);
      const other = await scene.join('alice', { key: 'join' });
      await scene.store.claimToken(alice.handle);
      await scene.leave(dave, 'removed');
      await scene.opened[ending]();
      const all = { alice, other, bob, carol, taken, dave };
      const states = await inTurn(Object.entries(all), async ([name, one]) => [name, await scene.tokenState(one)]);
      expect(Object.fromEntries(states)).toEqual({
        alice: 'used',
        other: 'unknown',
        bob: 'fresh',
        carol: 'replaced',
        taken: 'fresh',
        dave: 'gone removed',
      });
      expect((await scene.rejoin(carol)).mailbox.participantId).toBe('carol');
      await scene.clock.advance(600_000);
      expect(await scene.tokenState(dave)).toBe('unknown');
    });

    test('retries are recognised: of joins, of sends', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { key: 'join' });
      await scene.join('bob');
      const first = await scene.sendKeyed(alice, 'send', numbered(2));
      await scene.opened[ending]();
      expect(await scene.sendKeyed(alice, 'send', [])).toEqual({ receipts: first.receipts, replayed: true });
      await refused(scene.sendKeyed(alice, 'send', [], 'other'), 'idempotency-key-reused');
      expect(await scene.join('alice', { key: 'join' })).toMatchObject({ replayed: true, mailbox: alice.mailbox });
      await scene.store.claimToken(alice.handle);
      await scene.opened[ending]();
      await refused(scene.join('alice', { key: 'join' }), 'participant-exists');
    });

    test('limits know what is there', async () => {
      const scene = await open({ maxMailboxMessages: 3, maxParticipantsPerRoom: 2 });
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(2));
      await scene.opened[ending]();
      await refused(scene.join('carol'), 'room-full');
      await refused(scene.send(alice, ...numbered(2)), 'mailbox-full', { messageIndex: 1 });
      await scene.send(alice, draft('3'));
      expect(await scene.inbox(bob)).toEqual(['1', '2', '3']);
    });

    test('lifetimes end and are reported as if nothing had happened', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', SHORT), draft('long'));
      await scene.opened[ending]();
      await scene.pass(1_000, alice, bob);
      expect(await scene.inbox(bob)).toEqual(['long']);
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'expired to bob']);
    });

    test('every idle time begins anew, and nobody listens yet', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 10_000 });
      scene.store.openPoll(alice.mailbox).hold(25_000);
      await scene.clock.advance(3_600_000);
      await scene.opened[ending]();
      expect((await scene.store.participants(alice.mailbox.roomId))[0]?.listening).toBe(false);
      await scene.pass(9_999);
      expect(await scene.roster()).toEqual(['alice']);
      await scene.pass(1_001);
      expect(await scene.roster()).toEqual([]);
    });

    test('what had ended has ended', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      const anew = await scene.rejoin(alice);
      await scene.leave(bob);
      await scene.opened[ending]();
      expect(await scene.roster()).toEqual(['carol', 'alice']);
      await refused(scene.read(alice), 'participant-gone');
      await refused(scene.read(bob), 'participant-gone');
      expect(await scene.inbox(anew)).toEqual(['left bob left']);
      expect(await scene.inbox(carol)).toEqual(['left alice replaced', 'joined alice', 'left bob left']);
    });

    test('each of many sends at once that was answered is there', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const receipts = await Promise.all(numbered(50).map((message) => scene.send(alice, message)));
      await scene.opened[ending]();
      expect(await scene.ids(bob)).toEqual(receipts.flat().map(({ id }) => id));
    });

    test.each([-3_600_000, 3_600_000])('with the wall clock %d ms off, order and cursors hold', async (jumpMs) => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      const head = await scene.head(bob);
      scene.clock.jumpWall(jumpMs);
      await scene.opened[ending](scene.clock.restarted());
      await scene.send(alice, draft('2'));
      expect(await unread(scene, bob, head)).toEqual(['2']);
      expect(await unread(scene, bob, bob.acknowledged)).toContain('2');
    });
  });
}

async function unread(scene: Scene, reader: Member, after: number): Promise<string[]> {
  const { messages } = await scene.read(reader, { after });
  return messages.map(({ payload }) => String(JSON.parse(payload ?? '')));
}
