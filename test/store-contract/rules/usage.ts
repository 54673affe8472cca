import { describe, expect, test } from '@jest/globals';
import { CANARY_ROOM } from '../../../src/signalling/reserved.ts';
import { draft, type OpenScene } from '../scene.ts';

export function usage(open: OpenScene): void {
  describe('usage', () => {
    test('counts rooms and participants that are there, and the bytes that wait for them', async () => {
      const scene = await open();
      const empty = await scene.store.usage();
      expect(empty).toMatchObject({ rooms: 0, participants: 0, liveBytes: 0 });
      const alice = await scene.join('alice');
      await scene.join('bob', { room: 'elsewhere' });
      const bob = await scene.join('bob');
      const joined = await scene.store.usage();
      expect(joined).toMatchObject({ rooms: 2, participants: 3 });
      await scene.send(alice, draft('x'.repeat(1_000)));
      expect((await scene.store.usage()).liveBytes).toBeGreaterThanOrEqual(joined.liveBytes + 1_000);
      for (const member of [alice, bob]) await scene.leave(member);
      expect(await scene.store.usage()).toMatchObject({ rooms: 1, participants: 1 });
    });

    test('tells how much room the store itself takes', async () => {
      const scene = await open();
      expect((await scene.store.usage()).fileBytes).toBeGreaterThan(0);
    });

    test("leaves out the service's own room", async () => {
      const scene = await open();
      await scene.join('one', { room: CANARY_ROOM });
      expect(await scene.store.usage()).toMatchObject({ rooms: 0, participants: 0 });
    });
  });

  test("the bound of the store does not stop the service's own room", async () => {
    const scene = await open({ maxStoreBytes: 1 });
    const own = await scene.join('one', { room: CANARY_ROOM });
    await scene.send(own, draft('tweet', { to: 'one' }));
    expect(await scene.inbox(own)).toEqual(['tweet']);
    await scene.join('alice').catch(() => undefined);
    await expect(scene.join('bob')).rejects.toMatchObject({ code: 'storage-unavailable' });
  });
}
