import { describe, expect, test } from '@jest/globals';
import {
  cursorOf,
  draft,
  numbered,
  participantId,
  refused,
  resetTo,
  type Member,
  type OpenScene,
  type Scene,
} from '../scene.ts';

/** With a write to its room behind it, which changes nothing: before that it must have taken effect. */
async function acknowledgeSoon(scene: Scene, reader: Member, position: number): Promise<void> {
  scene.store.acknowledgeWriteBehind(reader.mailbox, cursorOf(reader, position));
  await scene.store.depart(reader.mailbox.roomId, participantId('nobody'), 'left');
}

/** Longer than any store may put off writing it. */
const WRITTEN_MS = 1_000;

export function acknowledgingSoon(open: OpenScene): void {
  describe("acknowledging with a poll's cursor", () => {
    test('is what reads see after the next write', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      const first = (await scene.read(bob, { limit: 1 })).position;
      const second = (await scene.read(bob, { limit: 2 })).position;
      await acknowledgeSoon(scene, bob, second);
      expect(await scene.inbox(bob)).toEqual(['3']);
      expect(await scene.read(bob, { after: second })).toMatchObject({ messages: [{}], more: false });
      await refused(scene.read(bob, { after: first }), 'cursor-expired', resetTo(bob, second));
    });

    test('stays so when it has been written', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      const second = (await scene.read(bob, { limit: 2 })).position;
      await acknowledgeSoon(scene, bob, second);
      await scene.pass(WRITTEN_MS, alice, bob);
      expect(await scene.inbox(bob)).toEqual(['3']);
      await scene.acknowledge(bob, second);
      await scene.acknowledgeAll(bob);
      expect(await scene.inbox(bob)).toEqual([]);
    });

    test('makes room for others', async () => {
      const scene = await open({ maxMailboxMessages: 2 });
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(2));
      await acknowledgeSoon(scene, bob, await scene.head(bob));
      await scene.send(alice, ...numbered(2));
      await refused(scene.send(alice, draft('3')), 'mailbox-full', { messageIndex: 0 });
      await acknowledgeSoon(scene, bob, (await scene.read(bob, { limit: 1 })).position);
      await scene.send(alice, draft('3'));
      expect(await scene.inbox(bob)).toEqual(['2', '3']);
    });

    test('does nothing where an acknowledgement would be refused, or is behind', async () => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(alice, bob);
      await scene.send(alice, ...numbered(2, { to: 'bob' }));
      const head = await scene.head(bob);
      await acknowledgeSoon(scene, bob, head + 1);
      await acknowledgeSoon(scene, bob, 0);
      scene.store.acknowledgeWriteBehind(bob.mailbox, cursorOf(carol, head));
      await scene.pass(WRITTEN_MS, alice, bob, carol);
      expect(await scene.inbox(bob)).toEqual(['1', '2']);

      await scene.leave(carol);
      await acknowledgeSoon(scene, carol, head);
      await scene.pass(WRITTEN_MS, alice, bob);
      expect(await scene.inbox(bob)).toEqual(['1', '2', 'left carol left']);
    });

    test('in time, saves the message from being reported, also before it is written', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', { ttlMs: 100 }), draft('kept', { ttlMs: 60_000 }));
      const first = (await scene.read(bob, { limit: 1 })).position;
      await scene.clock.advance(90);
      await acknowledgeSoon(scene, bob, first);
      await scene.pass(10, alice, bob);
      await scene.pass(WRITTEN_MS, alice, bob);
      expect(await scene.inbox(alice)).toEqual(['joined bob']);
      expect(await scene.read(bob)).toMatchObject({ messages: [{}], expired: 0 });
    });

    test('too late, lets the message be reported', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('short', { ttlMs: 100 }), draft('kept', { ttlMs: 60_000 }));
      const first = (await scene.read(bob, { limit: 1 })).position;
      await scene.clock.advance(100);
      await acknowledgeSoon(scene, bob, first);
      await scene.pass(WRITTEN_MS, alice, bob);
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'expired to bob']);
      expect(await scene.inbox(bob)).toEqual(['kept']);
    });

    test('counts off gaps and room events like messages', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(bob, ...numbered(40, { ttlMs: 100 }), draft('kept'));
      await scene.pass(100, alice, bob);
      const page = await scene.read(alice, { limit: 20 });
      await acknowledgeSoon(scene, alice, page.position);
      expect(await scene.read(alice)).toMatchObject({ messages: [{ payload: '"kept"' }], expired: 40 - page.expired });
      await scene.pass(WRITTEN_MS, alice, bob);
      expect(await scene.read(alice)).toMatchObject({ messages: [{ payload: '"kept"' }], expired: 40 - page.expired });
    });

    test('may be followed at once by everything else that can happen to the mailbox', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, ...numbered(3));
      await acknowledgeSoon(scene, bob, (await scene.read(bob, { limit: 2 })).position);
      const resumed = await scene.rejoin(bob, { resume: true });
      expect(await scene.inbox(resumed)).toEqual(['3']);
      await acknowledgeSoon(scene, resumed, await scene.head(resumed));
      const anew = await scene.rejoin(resumed);
      await scene.pass(WRITTEN_MS, alice, anew);
      expect(await scene.inbox(anew)).toEqual([]);
      await scene.send(alice, draft('new'));
      await acknowledgeSoon(scene, anew, await scene.head(anew));
      await scene.leave(anew);
      await scene.pass(WRITTEN_MS, alice);
      expect(await scene.roster()).toEqual(['alice']);
    });
  });
}
