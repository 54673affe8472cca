import { describe, expect, test } from '@jest/globals';
import { CANARY_ROOM } from '../../../src/signalling/ids.ts';
import { draft, refused, type Member, type OpenScene, type Scene } from '../scene.ts';

/** Small, but with room for a few participants. */
const LIMITS = { maxStoreBytes: 12_000 };
const FILLER = 'x'.repeat(1_000);

/** Two who fill the store between them, until nothing more is taken. */
async function filled(scene: Scene): Promise<{ alice: Member; bob: Member; sent: number }> {
  const alice = await scene.join('alice');
  const bob = await scene.join('bob');
  for (let sent = 0; ; sent += 1) {
    const [outcome] = await Promise.allSettled([scene.send(alice, draft(FILLER, { to: 'bob', ttlMs: 5_000 }))]);
    if (outcome.status === 'rejected') return { alice, bob, sent };
  }
}

export function storeBound(open: OpenScene): void {
  describe('a full store', () => {
    test('refuses joins and sends', async () => {
      const scene = await open(LIMITS);
      const { alice, bob, sent } = await filled(scene);
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(12);
      await refused(scene.send(alice, draft('1', { to: 'bob' })), 'storage-unavailable');
      await refused(scene.send(bob, draft('1')), 'storage-unavailable');
      await refused(scene.join('carol'), 'storage-unavailable');
      await refused(scene.join('carol', { room: 'attic' }), 'storage-unavailable');
      expect(await scene.inbox(bob)).toHaveLength(sent);
      expect(await scene.roster('attic')).toEqual([]);
    });

    test('reports it in its usage until there is room', async () => {
      const scene = await open(LIMITS);
      expect(await scene.store.usage()).toMatchObject({ isFull: false });
      const { bob } = await filled(scene);
      expect(await scene.store.usage()).toMatchObject({ isFull: true });
      await scene.acknowledgeAll(bob);
      expect(await scene.store.usage()).toMatchObject({ isFull: false });
    });

    test('is read and acknowledged as ever, and what that frees is usable at once', async () => {
      const scene = await open(LIMITS);
      const { alice, bob, sent } = await filled(scene);
      expect(await scene.inbox(bob)).toHaveLength(sent);
      await scene.acknowledge(bob, (await scene.read(bob, { limit: 3 })).position);
      await scene.send(alice, draft('1', { to: 'bob' }));
      await scene.join('carol');
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'joined carol']);
    });

    test('lets participants leave, tells the others, and takes the next ones', async () => {
      const scene = await open(LIMITS);
      const { alice, bob } = await filled(scene);
      await scene.leave(bob);
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'left bob left']);
      await scene.join('carol');
      await scene.send(alice, draft(FILLER, { to: 'carol' }));
    });

    test('lets lifetimes end, reports them, and has room again', async () => {
      const scene = await open(LIMITS);
      const { alice, bob, sent } = await filled(scene);
      await scene.pass(5_000, alice, bob);
      expect(await scene.inbox(alice)).toHaveLength(1 + sent);
      expect(await scene.read(bob)).toMatchObject({ messages: [], expired: sent });
      await scene.send(alice, draft(FILLER, { to: 'bob' }));
    });

    test('lets idle times end', async () => {
      const scene = await open(LIMITS);
      const { alice } = await filled(scene);
      await scene.pass(30_000, alice);
      await scene.pass(31_000);
      expect(await scene.roster()).toEqual(['alice']);
      expect(await scene.inbox(alice)).toContain('left bob timeout');
    });

    test('still answers retries of what it stored before', async () => {
      const scene = await open(LIMITS);
      const alice = await scene.join('alice', { key: 'join' });
      const bob = await scene.join('bob');
      await scene.sendKeyed(alice, 'send', [draft(FILLER, { to: 'bob' })]);
      for (let full = false; !full;) {
        const [outcome] = await Promise.allSettled([scene.send(bob, draft(FILLER, { to: 'alice' }))]);
        full = outcome.status === 'rejected';
      }
      expect(await scene.sendKeyed(alice, 'send', [])).toMatchObject({ replayed: true });
      expect(await scene.join('alice', { key: 'join' })).toMatchObject({ replayed: true });
    });

    test('still lets its participants resume and use their tokens', async () => {
      const scene = await open(LIMITS);
      const { alice, bob, sent } = await filled(scene);
      await scene.store.claimToken(alice.handle);
      const again = await scene.rejoin(bob, { resume: true });
      expect(await scene.inbox(again)).toHaveLength(sent);
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
