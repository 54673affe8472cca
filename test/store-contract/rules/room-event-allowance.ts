import { describe, expect, test } from '@jest/globals';
import { MAX_ROOM_EVENTS } from '../../../src/signalling/limits.ts';
import { outgoing, type OpenFixture, type StoreFixture } from '../store-fixture.ts';

/** Each round adds two events to the mailbox of every other participant. */
async function comeAndGo(fixture: StoreFixture, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await fixture.leave(await fixture.join(`guest-${time}`));
}

export function roomEventAllowance(open: OpenFixture): void {
  describe('the allowance of 128 room events', () => {
    test('keeps all of 128 room events', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await comeAndGo(fixture, 64);
      expect(await fixture.read(alice)).toMatchObject({ expired: 0 });
      expect(await fixture.inbox(alice)).toHaveLength(MAX_ROOM_EVENTS);
    });

    test('drops the oldest room event beyond it, and counts it at its place', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await comeAndGo(fixture, 1);
      const second = await fixture.head(alice);
      await comeAndGo(fixture, 64);
      const page = await fixture.read(alice);
      expect(page).toMatchObject({ expired: 2, more: false });
      expect(page.messages).toHaveLength(MAX_ROOM_EVENTS);
      expect(await fixture.inbox(alice)).toMatchObject({ 0: 'joined guest-0', 127: 'left guest-63 left' });
      expect(await fixture.read(alice, { after: second })).toMatchObject({ expired: 0 });
    });

    test('does not drop messages', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.acknowledgeAll(alice);
      await comeAndGo(fixture, 1);
      await fixture.send(bob, outgoing('here', { to: 'alice' }));
      await comeAndGo(fixture, 64);
      const page = await fixture.read(alice);
      expect(page).toMatchObject({ expired: 2 });
      expect(page.messages[0]).toMatchObject({ payload: '"here"' });
      expect(page.messages).toHaveLength(MAX_ROOM_EVENTS + 1);
    });

    test('also bounds reports of expired messages', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      for (let sent = 0; sent < 130; sent += 1)
        await fixture.send(alice, outgoing('short', { to: 'bob', ttlMs: 1_000 }));
      await fixture.passTime(1_000, alice, bob);
      const page = await fixture.read(alice);
      expect(page).toMatchObject({ expired: 3 });
      expect(page.messages).toHaveLength(MAX_ROOM_EVENTS);
    });

    test('is freed by acknowledgements', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await comeAndGo(fixture, 64);
      await fixture.acknowledgeAll(alice);
      await comeAndGo(fixture, 64);
      expect(await fixture.read(alice)).toMatchObject({ expired: 0 });
    });

    test('keeps the count of dropped events exact in a mailbox that is not read for long', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await fixture.store.claimToken(alice.handle);
      await comeAndGo(fixture, 1_000);
      const page = await fixture.read(alice, { limit: 5_000 });
      expect(page).toMatchObject({ expired: 2_000 - MAX_ROOM_EVENTS, more: false });
      expect(page.messages).toHaveLength(MAX_ROOM_EVENTS);
    });
  });
}
