import { describe, expect, test } from '@jest/globals';
import type { MailboxId } from '../../../src/signalling/ids.ts';
import type { Hint, Store } from '../../../src/signalling/store.ts';
import { settle } from '../../support/clock.ts';
import {
  outgoing,
  numbered,
  expectRefusal,
  type Member,
  type OpenFixture,
  type StoreFixture,
} from '../store-fixture.ts';

/** Holds polls of the members, which makes them receive hints. Starts after earlier hints have arrived. */
async function listen(
  fixture: StoreFixture,
  members: readonly Member[],
  onHint?: (hint: Hint) => void,
): Promise<Listener> {
  await fixture.hold(...members);
  return new Listener(fixture.store, onHint);
}

/** Collects hints, and lets a test wait for one, since they may come from another process. */
class Listener {
  readonly heard: Hint[] = [];
  #waiting: (() => void)[] = [];

  constructor(store: Store, onHint: (hint: Hint) => void = () => undefined) {
    store.watch((hint) => {
      this.heard.push(hint);
      onHint(hint);
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  of({ mailbox }: Member): Hint[] {
    return this.heard.filter(({ mailboxId }) => mailboxId === mailbox.mailboxId);
  }

  async until(member: Member, kind: Hint['kind'] = 'messages'): Promise<Hint> {
    for (;;) {
      const found = this.of(member).find((hint) => hint.kind === kind);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

export function hints(open: OpenFixture): void {
  describe('hints', () => {
    test('a message causes hints for its recipients only', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      const listener = await listen(fixture, [alice, bob, carol]);
      await fixture.send(alice, outgoing('1', { to: 'bob' }));
      await listener.until(bob);
      await settle();
      expect(listener.of(carol)).toEqual([]);
      await fixture.send(alice, outgoing('2'));
      await listener.until(carol);
      await settle();
      expect(listener.of(alice)).toEqual([]);
    });

    test('all watchers receive hints', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const listeners = [await listen(fixture, [bob]), await listen(fixture, [])];
      await fixture.send(alice, outgoing('1'));
      await Promise.all(listeners.map((listener) => listener.until(bob)));
    });

    test('a message can be read when its hint arrives', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const reads: Promise<number>[] = [];
      const count = async (): Promise<number> => (await fixture.read(bob)).messages.length;
      const listener = await listen(fixture, [bob], () => void reads.push(count()));
      await fixture.send(alice, ...numbered(3));
      await listener.until(bob);
      expect(await Promise.all(reads)).toEqual(reads.map(() => 3));
    });

    test('a participant is gone when the hint of its departure arrives', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const rosters: Promise<string[]>[] = [];
      const listener = await listen(fixture, [alice, bob], () => void rosters.push(fixture.roster()));
      await fixture.leave(bob, 'removed');
      expect(await listener.until(bob, 'gone')).toMatchObject({ reason: 'removed' });
      await listener.until(alice);
      expect(await Promise.all(rosters)).toEqual(rosters.map(() => ['alice']));
    });

    test.each([{ resume: true }, { resume: false }])('a takeover with %j ends the held poll', async (how) => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const listener = await listen(fixture, [alice, bob]);
      await fixture.rejoin(bob, how);
      expect(await listener.until(bob, 'gone')).toMatchObject({ reason: 'replaced' });
      await settle();
      if (how.resume) expect(listener.of(alice)).toEqual([]);
      else await listener.until(alice);
    });

    test('room events cause hints: joining, leaving, timing out', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const joined = await listen(fixture, [alice]);
      await fixture.join('bob', { idleTimeoutMs: 1_000 });
      await joined.until(alice);
      const left = await listen(fixture, [alice]);
      await fixture.passTime(2_000, alice);
      await left.until(alice);
    });

    test('the end of a lifetime causes hints for the recipient and the sender', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', { ttlMs: 1_000 }));
      const listener = await listen(fixture, [alice, bob]);
      await fixture.passTime(1_000, alice, bob);
      await listener.until(bob);
      await listener.until(alice);
    });

    test('a refused operation causes no hint', async () => {
      const fixture = await open({ maxMailboxMessages: 2 });
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      const listener = await listen(fixture, [alice, bob, carol]);
      await expectRefusal(fixture.send(alice, outgoing('1'), outgoing('2', { to: 'nobody' })), 'recipient-not-found', {
        messageIndex: 1,
      });
      await expectRefusal(fixture.send(alice, ...numbered(3, { to: 'bob' })), 'mailbox-full', { messageIndex: 2 });
      await expectRefusal(fixture.join('bob'), 'participant-exists');
      await fixture.send(alice, outgoing('at last', { to: 'carol' }));
      await listener.until(carol);
      await settle();
      const heard: MailboxId[] = listener.heard.map(({ mailboxId }) => mailboxId);
      expect(new Set(heard)).toEqual(new Set([carol.mailbox.mailboxId]));
      expect(listener.of(bob)).toEqual([]);
    });

    describe('an ended mailbox causes a `departed` hint', () => {
      const ends: Record<string, (fixture: StoreFixture, bob: Member) => PromiseLike<unknown>> = {
        'when its participant leaves': (fixture, bob) => fixture.leave(bob),
        'when the room is closed': (fixture, bob) => fixture.store.closeRoom(bob.mailbox.roomId),
        'when its idle time is over': (fixture) => fixture.passTime(61_000),
        'when its participant starts anew': (fixture, bob) => fixture.rejoin(bob),
      };
      test.each(Object.entries(ends))('%s', async (_, end) => {
        const fixture = await open();
        const [, bob] = await fixture.joinAll('alice', 'bob');
        const listener = new Listener(fixture.store);
        await end(fixture, bob);
        expect(await listener.until(bob, 'departed')).toEqual({ kind: 'departed', mailboxId: bob.mailbox.mailboxId });
      });

      test('a resumed mailbox causes no `departed` hint', async () => {
        const fixture = await open();
        const [alice, bob] = await fixture.joinAll('alice', 'bob');
        const listener = new Listener(fixture.store);
        await fixture.rejoin(bob, { resume: true });
        await fixture.leave(alice);
        await listener.until(alice, 'departed');
        expect(listener.of(bob).map(({ kind }) => kind)).not.toContain('departed');
      });
    });
  });
}
