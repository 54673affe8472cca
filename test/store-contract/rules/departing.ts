import { describe, expect, test } from '@jest/globals';
import type { GoneReason } from '../../../src/signalling/message.ts';
import { draft, participantId, roomId, LOBBY, type OpenScene } from '../scene.ts';

const REASONS: readonly GoneReason[] = ['left', 'timeout', 'replaced', 'removed'];

export function departing(open: OpenScene): void {
  describe('departing', () => {
    test.each(REASONS)('%s: everyone else is told, and so are its tokens', async (reason) => {
      const scene = await open();
      const [alice, bob, carol] = await scene.joinAll('alice', 'bob', 'carol');
      await scene.acknowledgeAll(alice, carol);
      await scene.leave(bob, reason);
      expect(await scene.inbox(alice)).toEqual([`left bob ${reason}`]);
      expect(await scene.inbox(carol)).toEqual([`left bob ${reason}`]);
      expect(await scene.tokenState(bob)).toBe(`gone ${reason}`);
      expect(await scene.roster()).toEqual(['alice', 'carol']);
    });

    test('what the departed had sent stays with its recipients, from the same name', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(bob, draft('last words', { to: 'alice' }));
      await scene.leave(bob);
      await scene.join('bob');
      const messages = (await scene.read(alice)).messages;
      expect(messages[1]).toMatchObject({ sender: 'bob', payload: '"last words"' });
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'last words', 'left bob left', 'joined bob']);
    });

    test('for one who is not there does nothing, nor does it twice', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.store.depart(LOBBY, participantId('nobody'), 'left');
      await scene.store.depart(roomId('nowhere'), participantId('alice'), 'left');
      await scene.leave(bob);
      await scene.leave(bob, 'removed');
      await Promise.all([scene.leave(bob), scene.leave(bob)]);
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'left bob left']);
      expect(await scene.tokenState(bob)).toBe('gone left');
    });

    test('twice at once is one departure', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await Promise.all([scene.leave(bob), scene.leave(bob, 'removed')]);
      expect(await scene.inbox(alice)).toHaveLength(2);
    });

    test('of an earlier incarnation leaves the one who is there alone', async () => {
      const scene = await open();
      const old = await scene.join('alice');
      const alice = await scene.rejoin(old);
      await scene.leave(old);
      expect(await scene.roster()).toEqual(['alice']);
      await scene.store.depart(LOBBY, alice.mailbox.participantId, 'removed');
      expect(await scene.roster()).toEqual([]);
      expect(await scene.tokenState(alice)).toBe('gone removed');
    });

    test('of all empties the room', async () => {
      const scene = await open();
      const members = await scene.joinAll('alice', 'bob', 'carol');
      await Promise.all(members.map((member) => scene.leave(member)));
      expect(await scene.roster()).toEqual([]);
      expect((await scene.join('dave')).participants).toHaveLength(1);
    });
  });
}
