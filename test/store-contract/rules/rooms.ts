import { describe, expect, test } from '@jest/globals';
import { LOBBY, refused, roomId, type OpenScene, type Scene } from '../scene.ts';

/** Page by page. */
async function listed(scene: Scene, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = await scene.store.listRooms(ids.length === 0 ? undefined : roomId(ids.at(-1) ?? ''), limit);
    expect(page.length).toBeLessThanOrEqual(limit);
    ids.push(...page.map((room) => room.roomId));
    if (page.length < limit) return ids;
  }
}

export function rooms(open: OpenScene): void {
  describe('listing rooms', () => {
    test('none is there at first', async () => {
      const scene = await open();
      expect(await scene.store.listRooms(undefined, 10)).toEqual([]);
    });

    test('knows rooms by any name, also by those that a store may use itself', async () => {
      const scene = await open();
      const names = ['participants', 'fleet', 'index', 'token', 'known', 'wake', 'order', '__proto__', 'constructor'];
      for (const room of names) await scene.join('alice', { room, idleTimeoutMs: 5_000 });
      expect(await listed(scene, 2)).toEqual([...names].sort());
      expect(await scene.store.usage()).toMatchObject({ rooms: names.length, participants: names.length });
      await scene.pass(7_000);
      expect(await listed(scene, 2)).toEqual([]);
      expect(await scene.store.usage()).toMatchObject({ rooms: 0, participants: 0 });
    });

    test('shows how many are in a room, and since when it is there', async () => {
      const scene = await open();
      const createdAtMs = scene.clock.wallMs();
      const alice = await scene.join('alice');
      await scene.clock.advance(1_000);
      const bob = await scene.join('bob');
      expect(await scene.store.listRooms(undefined, 10)).toEqual([{ roomId: 'lobby', participants: 2, createdAtMs }]);
      await scene.rejoin(alice);
      await scene.leave(bob);
      expect(await scene.store.listRooms(undefined, 10)).toEqual([{ roomId: 'lobby', participants: 1, createdAtMs }]);
    });

    test('goes by the bytes of the ids, page by page, each room once', async () => {
      const scene = await open();
      const ids = ['b', 'a', 'B', '_', '-', '10', '9', 'aa', 'A1', 'z'.repeat(64)];
      for (const room of ids) await scene.join('alice', { room });
      const sorted = [...ids].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
      for (const limit of [1, 3, 10, 100]) expect(await listed(scene, limit)).toEqual(sorted);
    });

    test('goes on behind a room that has closed meanwhile', async () => {
      const scene = await open();
      for (const room of ['a', 'b', 'c']) await scene.join('alice', { room });
      await scene.store.closeRoom(roomId('b'));
      expect(await scene.store.listRooms(roomId('b'), 10)).toMatchObject([{ roomId: 'c' }]);
      expect(await scene.store.listRooms(roomId('c'), 10)).toEqual([]);
    });

    test('forgets a room that everyone left; under its name a new one begins', async () => {
      const scene = await open();
      await scene.leave(await scene.join('alice'));
      expect(await scene.store.listRooms(undefined, 10)).toEqual([]);
      await scene.clock.advance(1_000);
      await scene.join('alice');
      expect(await scene.store.listRooms(undefined, 10)).toMatchObject([{ createdAtMs: scene.clock.wallMs() }]);
    });
  });

  describe('closing a room', () => {
    test('removes everyone, and leaves other rooms alone', async () => {
      const scene = await open();
      const members = await scene.joinAll('alice', 'bob', 'carol');
      const elsewhere = await scene.join('alice', { room: 'attic' });
      await scene.store.closeRoom(LOBBY);
      expect(await scene.roster()).toEqual([]);
      for (const member of members) {
        expect(await scene.tokenState(member)).toBe('gone removed');
        await refused(scene.read(member), 'participant-gone', { reason: 'removed' });
      }
      expect(await scene.roster('attic')).toEqual(['alice']);
      expect(await scene.inbox(elsewhere)).toEqual([]);
    });

    test('does nothing for one that is not there, nor does it twice', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await scene.store.closeRoom(roomId('nowhere'));
      await Promise.all([scene.store.closeRoom(LOBBY), scene.store.closeRoom(LOBBY)]);
      expect(await scene.tokenState(alice)).toBe('gone removed');
    });

    test('is no ban: the next one to come finds it empty', async () => {
      const scene = await open();
      await scene.joinAll('alice', 'bob');
      await scene.store.closeRoom(LOBBY);
      const alice = await scene.join('alice');
      expect(await scene.roster()).toEqual(['alice']);
      expect(await scene.inbox(alice)).toEqual([]);
    });

    test('ends the polls that are held', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.hold(alice, bob);
      const gone = new Promise<void>((resolve) => {
        const waiting = new Set([alice.mailbox.mailboxId, bob.mailbox.mailboxId]);
        scene.store.watch((hint) => {
          if (hint.kind === 'gone' && hint.reason === 'removed') waiting.delete(hint.mailboxId);
          if (waiting.size === 0) resolve();
        });
      });
      await scene.store.closeRoom(LOBBY);
      await gone;
    });
  });
}
