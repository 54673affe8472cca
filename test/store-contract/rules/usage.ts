import { describe, expect, test } from '@jest/globals';
import { CANARY_ROOM } from '../../../src/signalling/ids.ts';
import { outgoing, type OpenFixture } from '../store-fixture.ts';

export function usage(open: OpenFixture): void {
  describe('usage', () => {
    test('counts present rooms and participants', async () => {
      const fixture = await open();
      expect(await fixture.store.usage()).toMatchObject({ rooms: 0, participants: 0 });
      const alice = await fixture.join('alice');
      await fixture.join('bob', { room: 'elsewhere' });
      const bob = await fixture.join('bob');
      expect(await fixture.store.usage()).toMatchObject({ rooms: 2, participants: 3 });
      for (const member of [alice, bob]) await fixture.leave(member);
      expect(await fixture.store.usage()).toMatchObject({ rooms: 1, participants: 1 });
    });

    test('reports the size of the store itself', async () => {
      const fixture = await open();
      expect((await fixture.store.usage()).fileBytes).toBeGreaterThan(0);
    });

    test("leaves out the service's own room", async () => {
      const fixture = await open();
      await fixture.join('one', { room: CANARY_ROOM });
      expect(await fixture.store.usage()).toMatchObject({ rooms: 0, participants: 0 });
    });
  });
}

/** Requires a store that contains no other data. */
export function usageOfBytes(open: OpenFixture): void {
  test('usage counts the bytes of pending messages', async () => {
    const fixture = await open();
    expect(await fixture.store.usage()).toMatchObject({ liveBytes: 0 });
    const [alice] = await fixture.joinAll('alice', 'bob');
    const { liveBytes: before } = await fixture.store.usage();
    await fixture.send(alice, outgoing('x'.repeat(1_000)));
    expect((await fixture.store.usage()).liveBytes).toBeGreaterThanOrEqual(before + 1_000);
  });
}
