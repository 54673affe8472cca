import { describe, expect, test } from '@jest/globals';
import { outgoing, numbered, summariesOf, type Member, type OpenFixture, type StoreFixture } from '../store-fixture.ts';

const SHORT = { ttlMs: 1_000 };
const LONG = { ttlMs: 3_600_000 };

/** All `message-expired` events that the sender received. */
async function reports(fixture: StoreFixture, sender: Member): Promise<unknown[]> {
  const { messages } = await fixture.read(sender);
  return messages
    .filter(({ type }) => type === 'message-expired')
    .map(({ payload }) => JSON.parse(payload ?? '') as unknown);
}

export function lifetimes(open: OpenFixture): void {
  describe('a message whose lifetime ends', () => {
    test('can be read until then, and counts as expired from then on, swept or not', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', SHORT));
      await fixture.clock.advance(999);
      expect(await fixture.read(bob)).toMatchObject({ messages: [{}], expired: 0 });
      await fixture.clock.advance(1);
      expect(await fixture.read(bob)).toMatchObject({ messages: [], expired: 1, more: false });
      await fixture.sweep();
      expect(await fixture.read(bob)).toMatchObject({ messages: [], expired: 1, more: false });
    });

    test('is reported to its sender by the next sweep, and only once', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.acknowledgeAll(alice);
      const message = outgoing('short', { ...SHORT, to: 'bob', type: 'offer', callId: 'call-1' });
      await fixture.send(alice, message);
      await fixture.passTime(999, alice, bob);
      expect(await reports(fixture, alice)).toEqual([]);
      await fixture.passTime(1, alice, bob);
      await fixture.sweep();
      expect(await reports(fixture, alice)).toEqual([
        { messageId: message.id, to: 'bob', type: 'offer', callId: 'call-1' },
      ]);
      const [report] = (await fixture.read(alice)).messages;
      expect(report?.sender).toBeUndefined();
      expect(report?.recipient).toBeUndefined();
    });

    test('is reported without a call if it had none', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const message = outgoing('short', SHORT);
      await fixture.send(alice, message);
      await fixture.passTime(1_000, alice, bob);
      expect(await reports(fixture, alice)).toEqual([{ messageId: message.id, to: 'bob', type: 'custom' }]);
    });

    test('is reported for each recipient who did not acknowledge it in time', async () => {
      const fixture = await open();
      const [alice, bob, carol, dave] = await fixture.joinAll('alice', 'bob', 'carol', 'dave');
      const message = outgoing('short', SHORT);
      await fixture.send(alice, message);
      await fixture.acknowledgeAll(carol);
      await fixture.passTime(1_000, alice, bob, carol, dave);
      const told = (await reports(fixture, alice)).map((report) => (report as { to: string }).to);
      expect(told.sort()).toEqual(['bob', 'dave']);
    });

    test('is reported if it was acknowledged too late, even before the sweep', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      const message = outgoing('short', SHORT);
      await fixture.send(alice, outgoing('long', LONG), message);
      const head = await fixture.head(bob);
      await fixture.clock.advance(1_000);
      await fixture.acknowledge(bob, head);
      await fixture.sweep();
      expect(await reports(fixture, alice)).toMatchObject([{ messageId: message.id }]);
      expect(await fixture.read(bob, { after: head })).toMatchObject({ messages: [], expired: 0 });
    });

    test('is not reported when its sender is gone or has started anew', async () => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.send(alice, outgoing('1', { ...SHORT, to: 'carol' }));
      await fixture.send(bob, outgoing('2', { ...SHORT, to: 'carol' }));
      await fixture.leave(alice);
      const anew = await fixture.rejoin(bob);
      await fixture.passTime(1_000, anew, carol);
      expect(await reports(fixture, anew)).toEqual([]);
      expect(await fixture.read(carol)).toMatchObject({ expired: 2 });
    });

    test('is reported to a sender who resumed', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', SHORT));
      const again = await fixture.rejoin(alice, { resume: true });
      await fixture.passTime(1_000, again, bob);
      expect(await reports(fixture, again)).toHaveLength(1);
    });

    test('is not reported when its recipient is gone', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1', SHORT));
      await fixture.leave(bob);
      await fixture.passTime(1_000, alice);
      expect(await reports(fixture, alice)).toEqual([]);
    });

    test('affects no other message', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', SHORT), outgoing('long', LONG));
      await fixture.passTime(119_000, alice, bob);
      expect(await fixture.inbox(bob)).toEqual(['long']);
      expect(await reports(fixture, alice)).toHaveLength(1);
    });

    test('expires by elapsed time: a jump of the wall clock expires nothing', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1'));
      for (const jumpMs of [3_600_000, -7_200_000]) {
        fixture.clock.jumpWall(jumpMs);
        await fixture.sweep();
        expect(await fixture.inbox(bob)).toEqual(['1']);
      }
      expect(await reports(fixture, alice)).toEqual([]);
    });

    test('is never a room event: those wait for days and are not reported', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('short', SHORT));
      for (let hour = 0; hour < 48; hour += 1) {
        for (const { mailbox } of [alice, bob]) fixture.store.openPoll(mailbox).hold(3_600_000);
        await fixture.clock.advance(3_600_000);
        await fixture.sweep();
      }
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'expired to bob']);
    });
  });

  describe('tombstones', () => {
    test('are counted exactly between each cursor and the next', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1', SHORT), outgoing('2', LONG), outgoing('3', SHORT), outgoing('4', SHORT));
      const second = (await fixture.read(bob, { limit: 2 })).position;
      const third = (await fixture.read(bob, { limit: 3 })).position;
      for (const sweepFirst of [false, true]) {
        if (sweepFirst) await fixture.sweep();
        else await fixture.clock.advance(1_000);
        const all = await fixture.read(bob);
        expect([summariesOf(all), all.expired]).toEqual([['2'], 3]);
        expect(await fixture.read(bob, { after: second })).toMatchObject({ messages: [], expired: 2, more: false });
        expect(await fixture.read(bob, { after: third })).toMatchObject({ messages: [], expired: 1, more: false });
        expect(await fixture.read(bob, { after: all.position })).toMatchObject({
          messages: [],
          expired: 0,
          more: false,
        });
      }
    });

    test('stay countable until they are acknowledged', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, ...numbered(3, SHORT), outgoing('last', LONG));
      const first = (await fixture.read(bob, { limit: 1 })).position;
      await fixture.passTime(1_000, alice, bob);
      expect(await fixture.read(bob)).toMatchObject({ expired: 3 });
      expect(await fixture.read(bob)).toMatchObject({ expired: 3 });
      await fixture.acknowledge(bob, first);
      expect(await fixture.read(bob)).toMatchObject({ messages: [{}], expired: 2 });
    });

    test('are all counted, however small the pages are', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      for (let round = 0; round < 10; round += 1)
        await fixture.send(alice, ...numbered(7, SHORT), outgoing('long', LONG));
      await fixture.passTime(1_000, alice, bob);
      let [expired, messages, after] = [0, 0, bob.acknowledged];
      for (let more = true; more;) {
        const page = await fixture.read(bob, { after, limit: 3 });
        expect(page.position).toBeGreaterThan(after);
        expired += page.expired;
        messages += page.messages.length;
        ({ position: after, more } = page);
      }
      expect({ expired, messages }).toEqual({ expired: 70, messages: 10 });
    });

    test('are made in slices when much is overdue, and none is missed', async () => {
      const fixture = await open({ maxMailboxMessages: 1_000 });
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      for (let sent = 0; sent < 5; sent += 1) {
        await fixture.send(alice, ...numbered(100, { ...SHORT, to: 'carol' }));
        await fixture.send(bob, ...numbered(20, { ...SHORT, to: 'carol' }));
      }
      await fixture.clock.advance(1_000);
      let slices = 1;
      while (await fixture.store.sweep()) slices += 1;
      expect(slices).toBeGreaterThan(1);
      expect(await fixture.read(carol)).toMatchObject({ messages: [], expired: 600 });
      expect(await reports(fixture, bob)).toHaveLength(100);
    });
  });
}
