import { describe, expect, test } from '@jest/globals';
import { CANARY_ROOM } from '../../../src/signalling/ids.ts';
import { draft, type OpenScene } from '../scene.ts';

export function usage(open: OpenScene): void {
  describe('usage', () => {
    test('counts rooms and participants that are there', async () => {
      const scene = await open();
      expect(await scene.store.usage()).toMatchObject({ rooms: 0, participants: 0 });
      const alice = await scene.join('alice');
      await scene.join('bob', { room: 'elsewhere' });
      const bob = await scene.join('bob');
      expect(await scene.store.usage()).toMatchObject({ rooms: 2, participants: 3 });
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
}

/** Of a store that has nothing else in it. */
export function usageOfBytes(open: OpenScene): void {
  test('usage counts the bytes that wait for participants', async () => {
    const scene = await open();
    expect(await scene.store.usage()).toMatchObject({ liveBytes: 0 });
    const [alice] = await scene.joinAll('alice', 'bob');
    const { liveBytes: before } = await scene.store.usage();
    await scene.send(alice, draft('x'.repeat(1_000)));
    expect((await scene.store.usage()).liveBytes).toBeGreaterThanOrEqual(before + 1_000);
  });
}
