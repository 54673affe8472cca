import { describe, expect, test } from '@jest/globals';
import type { GoneReason } from '../../../src/signalling/message.ts';
import { outgoing, participantId, roomId, LOBBY, type OpenFixture } from '../store-fixture.ts';

const REASONS: readonly GoneReason[] = ['left', 'timeout', 'replaced', 'removed'];

export function departing(open: OpenFixture): void {
  describe('departing', () => {
    test.each(REASONS)('%s: the others get an event, and its tokens report the reason', async (reason) => {
      const fixture = await open();
      const [alice, bob, carol] = await fixture.joinAll('alice', 'bob', 'carol');
      await fixture.acknowledgeAll(alice, carol);
      await fixture.leave(bob, reason);
      expect(await fixture.inbox(alice)).toEqual([`left bob ${reason}`]);
      expect(await fixture.inbox(carol)).toEqual([`left bob ${reason}`]);
      expect(await fixture.tokenState(bob)).toBe(`gone ${reason}`);
      expect(await fixture.roster()).toEqual(['alice', 'carol']);
    });

    test('messages of a departed participant stay with their recipients, under its name', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(bob, outgoing('last words', { to: 'alice' }));
      await fixture.leave(bob);
      await fixture.join('bob');
      const messages = (await fixture.read(alice)).messages;
      expect(messages[1]).toMatchObject({ sender: 'bob', payload: '"last words"' });
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'last words', 'left bob left', 'joined bob']);
    });

    test('does nothing for an absent participant, nor a second time', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.store.depart(LOBBY, participantId('nobody'), 'left');
      await fixture.store.depart(roomId('nowhere'), participantId('alice'), 'left');
      await fixture.leave(bob);
      await fixture.leave(bob, 'removed');
      await Promise.all([fixture.leave(bob), fixture.leave(bob)]);
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'left bob left']);
      expect(await fixture.tokenState(bob)).toBe('gone left');
    });

    test('two concurrent departures count as one', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await Promise.all([fixture.leave(bob), fixture.leave(bob, 'removed')]);
      expect(await fixture.inbox(alice)).toHaveLength(2);
    });

    test('of an earlier incarnation does not affect the present one', async () => {
      const fixture = await open();
      const old = await fixture.join('alice');
      const alice = await fixture.rejoin(old);
      await fixture.leave(old);
      expect(await fixture.roster()).toEqual(['alice']);
      await fixture.store.depart(LOBBY, alice.mailbox.participantId, 'removed');
      expect(await fixture.roster()).toEqual([]);
      expect(await fixture.tokenState(alice)).toBe('gone removed');
    });

    test('of all participants ends the room', async () => {
      const fixture = await open();
      const members = await fixture.joinAll('alice', 'bob', 'carol');
      await Promise.all(members.map((member) => fixture.leave(member)));
      expect(await fixture.roster()).toEqual([]);
      expect((await fixture.join('dave')).participants).toHaveLength(1);
    });
  });
}
