import { describe, expect, test } from '@jest/globals';
import { LOBBY, expectRefusal, roomId, type OpenFixture, type StoreFixture } from '../store-fixture.ts';

/** Lists all rooms page by page. */
async function listed(fixture: StoreFixture, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = await fixture.store.listRooms(ids.length === 0 ? undefined : roomId(ids.at(-1) ?? ''), limit);
    expect(page.length).toBeLessThanOrEqual(limit);
    ids.push(...page.map((room) => room.roomId));
    if (page.length < limit) return ids;
  }
}

export function rooms(open: OpenFixture): void {
  describe('listing rooms', () => {
    test('returns nothing for an empty store', async () => {
      const fixture = await open();
      expect(await fixture.store.listRooms(undefined, 10)).toEqual([]);
    });

    test('returns rooms of any name, including names that a store may use itself', async () => {
      const fixture = await open();
      const names = ['participants', 'fleet', 'index', 'token', 'known', 'wake', 'order', '__proto__', 'constructor'];
      for (const room of names) await fixture.join('alice', { room, idleTimeoutMs: 5_000 });
      expect(await listed(fixture, 2)).toEqual([...names].sort());
      expect(await fixture.store.usage()).toMatchObject({ rooms: names.length, participants: names.length });
      await fixture.passTime(7_000);
      expect(await listed(fixture, 2)).toEqual([]);
      expect(await fixture.store.usage()).toMatchObject({ rooms: 0, participants: 0 });
    });

    test('returns the number of participants and the time of creation', async () => {
      const fixture = await open();
      const createdAtMs = fixture.clock.wallMs();
      const alice = await fixture.join('alice');
      await fixture.clock.advance(1_000);
      const bob = await fixture.join('bob');
      expect(await fixture.store.listRooms(undefined, 10)).toEqual([{ roomId: 'lobby', participants: 2, createdAtMs }]);
      await fixture.rejoin(alice);
      await fixture.leave(bob);
      expect(await fixture.store.listRooms(undefined, 10)).toEqual([{ roomId: 'lobby', participants: 1, createdAtMs }]);
    });

    test('is ordered by the bytes of the ids, page by page, each room once', async () => {
      const fixture = await open();
      const ids = ['b', 'a', 'B', '_', '-', '10', '9', 'aa', 'A1', 'z'.repeat(64)];
      for (const room of ids) await fixture.join('alice', { room });
      const sorted = [...ids].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
      for (const limit of [1, 3, 10, 100]) expect(await listed(fixture, limit)).toEqual(sorted);
    });

    test('continues after a room that was closed meanwhile', async () => {
      const fixture = await open();
      for (const room of ['a', 'b', 'c']) await fixture.join('alice', { room });
      await fixture.store.closeRoom(roomId('b'));
      expect(await fixture.store.listRooms(roomId('b'), 10)).toMatchObject([{ roomId: 'c' }]);
      expect(await fixture.store.listRooms(roomId('c'), 10)).toEqual([]);
    });

    test('leaves out a room that everyone left; a new one may take its name', async () => {
      const fixture = await open();
      await fixture.leave(await fixture.join('alice'));
      expect(await fixture.store.listRooms(undefined, 10)).toEqual([]);
      await fixture.clock.advance(1_000);
      await fixture.join('alice');
      expect(await fixture.store.listRooms(undefined, 10)).toMatchObject([{ createdAtMs: fixture.clock.wallMs() }]);
    });
  });

  describe('closing a room', () => {
    test('removes everyone, and affects no other room', async () => {
      const fixture = await open();
      const members = await fixture.joinAll('alice', 'bob', 'carol');
      const elsewhere = await fixture.join('alice', { room: 'attic' });
      await fixture.store.closeRoom(LOBBY);
      expect(await fixture.roster()).toEqual([]);
      for (const member of members) {
        expect(await fixture.tokenState(member)).toBe('gone removed');
        await expectRefusal(fixture.read(member), 'participant-gone', { reason: 'removed' });
      }
      expect(await fixture.roster('attic')).toEqual(['alice']);
      expect(await fixture.inbox(elsewhere)).toEqual([]);
    });

    test('does nothing for an unknown room, nor a second time', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await fixture.store.closeRoom(roomId('nowhere'));
      await Promise.all([fixture.store.closeRoom(LOBBY), fixture.store.closeRoom(LOBBY)]);
      expect(await fixture.tokenState(alice)).toBe('gone removed');
    });

    test('is no ban: the next participant finds it empty', async () => {
      const fixture = await open();
      await fixture.joinAll('alice', 'bob');
      await fixture.store.closeRoom(LOBBY);
      const alice = await fixture.join('alice');
      expect(await fixture.roster()).toEqual(['alice']);
      expect(await fixture.inbox(alice)).toEqual([]);
    });

    test('ends held polls', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.hold(alice, bob);
      const gone = new Promise<void>((resolve) => {
        const waiting = new Set([alice.mailbox.mailboxId, bob.mailbox.mailboxId]);
        fixture.store.watch((hint) => {
          if (hint.kind === 'gone' && hint.reason === 'removed') waiting.delete(hint.mailboxId);
          if (waiting.size === 0) resolve();
        });
      });
      await fixture.store.closeRoom(LOBBY);
      await gone;
    });
  });
}
