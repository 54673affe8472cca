import { describe, expect, test } from '@jest/globals';
import { draft, numbered, wordsOf, type Member, type OpenScene, type Scene } from '../scene.ts';

const SHORT = { ttlMs: 1_000 };
const LONG = { ttlMs: 3_600_000 };

/** What the sender was told, whole. */
async function reports(scene: Scene, sender: Member): Promise<unknown[]> {
  const { messages } = await scene.read(sender);
  return messages
    .filter(({ type }) => type === 'message-expired')
    .map(({ payload }) => JSON.parse(payload ?? '') as unknown);
}

export function lifetimes(open: OpenScene): void {
  describe('a message whose lifetime ends', () => {
    test('can be read until then, and is counted from then on, swept or not', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', SHORT));
      await scene.clock.advance(999);
      expect(await scene.read(bob)).toMatchObject({ messages: [{}], expired: 0 });
      await scene.clock.advance(1);
      expect(await scene.read(bob)).toMatchObject({ messages: [], expired: 1, more: false });
      await scene.sweep();
      expect(await scene.read(bob)).toMatchObject({ messages: [], expired: 1, more: false });
    });

    test('is reported to its sender by the next sweep, and only once', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.acknowledgeAll(alice);
      const message = draft('short', { ...SHORT, to: 'bob', type: 'offer', callId: 'call-1' });
      await scene.send(alice, message);
      await scene.pass(999, alice, bob);
      expect(await reports(scene, alice)).toEqual([]);
      await scene.pass(1, alice, bob);
      await scene.sweep();
      expect(await reports(scene, alice)).toEqual([
        { messageId: message.id, to: 'bob', type: 'offer', callId: 'call-1' },
      ]);
      const [report] = (await scene.read(alice)).messages;
      expect(report?.sender).toBeUndefined();
      expect(report?.recipient).toBeUndefined();
    });

    test('is reported without a call if it had none', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const message = draft('short', SHORT);
      await scene.send(alice, message);
      await scene.pass(1_000, alice, bob);
      expect(await reports(scene, alice)).toEqual([{ messageId: message.id, to: 'bob', type: 'custom' }]);
    });

    test('is reported for each recipient who did not acknowledge it in time', async () => {
      const scene = await open();
      const [alice, bob, carol, dave] = await scene.joinAll('alice', 'bob', 'carol', 'dave');
      const message = draft('short', SHORT);
      await scene.send(alice, message);
      await scene.acknowledgeAll(carol);
      await scene.pass(1_000, alice, bob, carol, dave);
      const told = (await reports(scene, alice)).map((report) => (report as { to: string }).to);
      expect(told.sort()).toEqual(['bob', 'dave']);
    });

    test('is reported also when it was acknowledged too late, before the sweep', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      const message = draft('short', SHORT);
      await scene.send(alice, draft('long', LONG), message);
      const head = await scene.head(bob);
      await scene.clock.advance(1_000);
      await scene.acknowledge(bob, head);
      await scene.sweep();
      expect(await reports(scene, alice)).toMatchObject([{ messageId: message.id }]);
      expect(await scene.read(bob, { after: head })).toMatchObject({ messages: [], expired: 0 });
    });

    test('is reported to nobody when its sender is gone, or has started anew', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.send(alice, draft('1', { ...SHORT, to: 'carol' }));
      await scene.send(bob, draft('2', { ...SHORT, to: 'carol' }));
      await scene.leave(alice);
      const anew = await scene.rejoin(bob);
      await scene.pass(1_000, anew, carol);
      expect(await reports(scene, anew)).toEqual([]);
      expect(await scene.read(carol)).toMatchObject({ expired: 2 });
    });

    test('is reported to a sender who resumed', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', SHORT));
      const again = await scene.rejoin(alice, { resume: true });
      await scene.pass(1_000, again, bob);
      expect(await reports(scene, again)).toHaveLength(1);
    });

    test('is not reported when its recipient is gone', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1', SHORT));
      await scene.leave(bob);
      await scene.pass(1_000, alice);
      expect(await reports(scene, alice)).toEqual([]);
    });

    test('takes no other message with it', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', SHORT), draft('long', LONG));
      await scene.pass(119_000, alice, bob);
      expect(await scene.inbox(bob)).toEqual(['long']);
      expect(await reports(scene, alice)).toHaveLength(1);
    });

    test('ends by elapsed time: a wall clock that jumps an hour expires nothing', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1'));
      for (const jumpMs of [3_600_000, -7_200_000]) {
        scene.clock.jumpWall(jumpMs);
        await scene.sweep();
        expect(await scene.inbox(bob)).toEqual(['1']);
      }
      expect(await reports(scene, alice)).toEqual([]);
    });

    test('room events have none: they wait for days, and are never reported', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', SHORT));
      for (let hour = 0; hour < 48; hour += 1) {
        for (const { mailbox } of [alice, bob]) scene.store.openPoll(mailbox).hold(3_600_000);
        await scene.clock.advance(3_600_000);
        await scene.sweep();
      }
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'expired to bob']);
    });
  });

  describe('gaps', () => {
    test('are counted exactly between each cursor and the next', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1', SHORT), draft('2', LONG), draft('3', SHORT), draft('4', SHORT));
      const second = (await scene.read(bob, { limit: 2 })).position;
      const third = (await scene.read(bob, { limit: 3 })).position;
      for (const sweepFirst of [false, true]) {
        if (sweepFirst) await scene.sweep();
        else await scene.clock.advance(1_000);
        const all = await scene.read(bob);
        expect([wordsOf(all), all.expired]).toEqual([['2'], 3]);
        expect(await scene.read(bob, { after: second })).toMatchObject({ messages: [], expired: 2, more: false });
        expect(await scene.read(bob, { after: third })).toMatchObject({ messages: [], expired: 1, more: false });
        expect(await scene.read(bob, { after: all.position })).toMatchObject({ messages: [], expired: 0, more: false });
      }
    });

    test('stay countable until they are acknowledged', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3, SHORT), draft('last', LONG));
      const first = (await scene.read(bob, { limit: 1 })).position;
      await scene.pass(1_000, alice, bob);
      expect(await scene.read(bob)).toMatchObject({ expired: 3 });
      expect(await scene.read(bob)).toMatchObject({ expired: 3 });
      await scene.acknowledge(bob, first);
      expect(await scene.read(bob)).toMatchObject({ messages: [{}], expired: 2 });
    });

    test('are all counted, however small the pages are', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      for (let round = 0; round < 10; round += 1) await scene.send(alice, ...numbered(7, SHORT), draft('long', LONG));
      await scene.pass(1_000, alice, bob);
      let [expired, messages, after] = [0, 0, bob.acknowledged];
      for (let more = true; more;) {
        const page = await scene.read(bob, { after, limit: 3 });
        expect(page.position).toBeGreaterThan(after);
        expired += page.expired;
        messages += page.messages.length;
        ({ position: after, more } = page);
      }
      expect({ expired, messages }).toEqual({ expired: 70, messages: 10 });
    });

    test('come about in slices when much is overdue, and none is forgotten', async () => {
      const scene = await open({ maxMailboxMessages: 1_000 });
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      for (let sent = 0; sent < 5; sent += 1) {
        await scene.send(alice, ...numbered(100, { ...SHORT, to: 'carol' }));
        await scene.send(bob, ...numbered(20, { ...SHORT, to: 'carol' }));
      }
      await scene.clock.advance(1_000);
      let slices = 1;
      while (await scene.store.sweep()) slices += 1;
      expect(slices).toBeGreaterThan(1);
      expect(await scene.read(carol)).toMatchObject({ messages: [], expired: 600 });
      expect(await reports(scene, bob)).toHaveLength(100);
    });
  });
}
