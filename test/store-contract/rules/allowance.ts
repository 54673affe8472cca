import { describe, expect, test } from '@jest/globals';
import { MAX_ROOM_EVENTS } from '../../../src/signalling/limits.ts';
import { draft, type OpenScene, type Scene } from '../scene.ts';

/** Each makes two events in everyone else's mailbox. */
async function comeAndGo(scene: Scene, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await scene.leave(await scene.join(`guest-${time}`));
}

export function allowance(open: OpenScene): void {
  describe('the allowance of 128 room events', () => {
    test('is kept whole', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await comeAndGo(scene, 64);
      expect(await scene.read(alice)).toMatchObject({ expired: 0 });
      expect(await scene.inbox(alice)).toHaveLength(MAX_ROOM_EVENTS);
    });

    test('beyond it the oldest is dropped, and counted where it was', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await comeAndGo(scene, 1);
      const second = await scene.head(alice);
      await comeAndGo(scene, 64);
      const page = await scene.read(alice);
      expect(page).toMatchObject({ expired: 2, more: false });
      expect(page.messages).toHaveLength(MAX_ROOM_EVENTS);
      expect(await scene.inbox(alice)).toMatchObject({ 0: 'joined guest-0', 127: 'left guest-63 left' });
      expect(await scene.read(alice, { after: second })).toMatchObject({ expired: 0 });
    });

    test('messages have a place of their own: they stay where they are', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.acknowledgeAll(alice);
      await comeAndGo(scene, 1);
      await scene.send(bob, draft('here', { to: 'alice' }));
      await comeAndGo(scene, 64);
      const page = await scene.read(alice);
      expect(page).toMatchObject({ expired: 2 });
      expect(page.messages[0]).toMatchObject({ payload: '"here"' });
      expect(page.messages).toHaveLength(MAX_ROOM_EVENTS + 1);
    });

    test('reports of expired messages are in it too', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      for (let sent = 0; sent < 130; sent += 1) await scene.send(alice, draft('short', { to: 'bob', ttlMs: 1_000 }));
      await scene.pass(1_000, alice, bob);
      const page = await scene.read(alice);
      expect(page).toMatchObject({ expired: 3 });
      expect(page.messages).toHaveLength(MAX_ROOM_EVENTS);
    });

    test('is free again for what was acknowledged', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await comeAndGo(scene, 64);
      await scene.acknowledgeAll(alice);
      await comeAndGo(scene, 64);
      expect(await scene.read(alice)).toMatchObject({ expired: 0 });
    });

    test('a mailbox that nobody reads for long still knows how much is missing', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await scene.store.claimToken(alice.handle);
      await comeAndGo(scene, 1_000);
      const page = await scene.read(alice, { limit: 5_000 });
      expect(page).toMatchObject({ expired: 2_000 - MAX_ROOM_EVENTS, more: false });
      expect(page.messages).toHaveLength(MAX_ROOM_EVENTS);
    });
  });
}
