import { describe, expect, test } from '@jest/globals';
import { CANARY_ROOM } from '../../../src/signalling/ids.ts';
import { outgoing, expectRefusal, type Member, type OpenFixture, type StoreFixture } from '../store-fixture.ts';

/** Small, but sufficient for a few participants. */
const LIMITS = { maxStoreBytes: 12_000 };
const FILLER = 'x'.repeat(1_000);

/** Two participants who fill the store until it accepts no more messages. */
async function filled(fixture: StoreFixture): Promise<{ alice: Member; bob: Member; sent: number }> {
  const alice = await fixture.join('alice');
  const bob = await fixture.join('bob');
  for (let sent = 0; ; sent += 1) {
    const [outcome] = await Promise.allSettled([fixture.send(alice, outgoing(FILLER, { to: 'bob', ttlMs: 5_000 }))]);
    if (outcome.status === 'rejected') return { alice, bob, sent };
  }
}

export function storeBound(open: OpenFixture): void {
  describe('a full store', () => {
    test('refuses joins and sends', async () => {
      const fixture = await open(LIMITS);
      const { alice, bob, sent } = await filled(fixture);
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(12);
      await expectRefusal(fixture.send(alice, outgoing('1', { to: 'bob' })), 'storage-unavailable');
      await expectRefusal(fixture.send(bob, outgoing('1')), 'storage-unavailable');
      await expectRefusal(fixture.join('carol'), 'storage-unavailable');
      await expectRefusal(fixture.join('carol', { room: 'attic' }), 'storage-unavailable');
      expect(await fixture.inbox(bob)).toHaveLength(sent);
      expect(await fixture.roster('attic')).toEqual([]);
    });

    test('reports `isFull` in its usage until there is space', async () => {
      const fixture = await open(LIMITS);
      expect(await fixture.store.usage()).toMatchObject({ isFull: false });
      const { bob } = await filled(fixture);
      expect(await fixture.store.usage()).toMatchObject({ isFull: true });
      await fixture.acknowledgeAll(bob);
      expect(await fixture.store.usage()).toMatchObject({ isFull: false });
    });

    test('still serves reads and acknowledgements, and the space they free is usable at once', async () => {
      const fixture = await open(LIMITS);
      const { alice, bob, sent } = await filled(fixture);
      expect(await fixture.inbox(bob)).toHaveLength(sent);
      await fixture.acknowledge(bob, (await fixture.read(bob, { limit: 3 })).position);
      await fixture.send(alice, outgoing('1', { to: 'bob' }));
      await fixture.join('carol');
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'joined carol']);
    });

    test('lets participants leave, announces it, and then accepts new ones', async () => {
      const fixture = await open(LIMITS);
      const { alice, bob } = await filled(fixture);
      await fixture.leave(bob);
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'left bob left']);
      await fixture.join('carol');
      await fixture.send(alice, outgoing(FILLER, { to: 'carol' }));
    });

    test('still expires messages, reports them, and then has space again', async () => {
      const fixture = await open(LIMITS);
      const { alice, bob, sent } = await filled(fixture);
      await fixture.passTime(5_000, alice, bob);
      expect(await fixture.inbox(alice)).toHaveLength(1 + sent);
      expect(await fixture.read(bob)).toMatchObject({ messages: [], expired: sent });
      await fixture.send(alice, outgoing(FILLER, { to: 'bob' }));
    });

    test('still ends idle participants', async () => {
      const fixture = await open(LIMITS);
      const { alice } = await filled(fixture);
      await fixture.passTime(30_000, alice);
      await fixture.passTime(31_000);
      expect(await fixture.roster()).toEqual(['alice']);
      expect(await fixture.inbox(alice)).toContain('left bob timeout');
    });

    test('still answers retries of what it stored before', async () => {
      const fixture = await open(LIMITS);
      const alice = await fixture.join('alice', { key: 'join' });
      const bob = await fixture.join('bob');
      await fixture.sendKeyed(alice, 'send', [outgoing(FILLER, { to: 'bob' })]);
      for (let full = false; !full;) {
        const [outcome] = await Promise.allSettled([fixture.send(bob, outgoing(FILLER, { to: 'alice' }))]);
        full = outcome.status === 'rejected';
      }
      expect(await fixture.sendKeyed(alice, 'send', [])).toMatchObject({ replayed: true });
      expect(await fixture.join('alice', { key: 'join' })).toMatchObject({ replayed: true });
    });

    test('still lets its participants resume and use their tokens', async () => {
      const fixture = await open(LIMITS);
      const { alice, bob, sent } = await filled(fixture);
      await fixture.store.claimToken(alice.handle);
      const again = await fixture.rejoin(bob, { resume: true });
      expect(await fixture.inbox(again)).toHaveLength(sent);
    });
  });

  test("the bound of the store does not stop the service's own room", async () => {
    const fixture = await open({ maxStoreBytes: 1 });
    const own = await fixture.join('one', { room: CANARY_ROOM });
    await fixture.send(own, outgoing('tweet', { to: 'one' }));
    expect(await fixture.inbox(own)).toEqual(['tweet']);
    await fixture.join('alice').catch(() => undefined);
    await expect(fixture.join('bob')).rejects.toMatchObject({ code: 'storage-unavailable' });
  });
}
