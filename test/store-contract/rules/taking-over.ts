import { describe, expect, test } from '@jest/globals';
import { cursorOf, draft, participantId, refused, resetTo, type OpenScene } from '../scene.ts';

export function takingOver(open: OpenScene): void {
  describe('taking over by starting anew', () => {
    test('what a crashed run left unread never reaches the new run', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('old', { to: 'bob' }));

      const again = await scene.rejoin(bob);
      expect(again).toMatchObject({ resumed: false, replayed: false });
      expect(again.mailbox.mailboxId).not.toBe(bob.mailbox.mailboxId);
      expect(await scene.inbox(again)).toEqual([]);
      await scene.send(alice, draft('new', { to: 'bob' }));
      expect(await scene.inbox(again)).toEqual(['new']);
    });

    test('others see the old one leave and the new one come, in one commit', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.acknowledgeAll(alice);
      await scene.rejoin(bob);
      expect(await scene.inbox(alice)).toEqual(['left bob replaced', 'joined bob']);
    });

    test('the profile, the joining time and the place in the order are those of the new join', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { displayName: 'Alice', idleTimeoutMs: 5_000 });
      await scene.join('bob');
      await scene.clock.advance(1_000);
      const again = await scene.rejoin(alice);
      expect(again.idleTimeoutMs).toBe(60_000);
      expect(again.participants.map((participant) => participant.participantId)).toEqual(['bob', 'alice']);
      expect(again.participants.at(-1)).toEqual({
        participantId: 'alice',
        joinedAtMs: scene.clock.wallMs(),
        listening: false,
      });
    });

    test('the old mailbox is gone, and its cursor leads back to the start of the new one', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('old', { to: 'bob' }));
      const position = await scene.head(bob);
      const again = await scene.rejoin(bob);

      const gone = { reason: 'replaced' } as const;
      await refused(scene.read(bob), 'participant-gone', gone);
      await refused(scene.acknowledge(bob, position), 'participant-gone', gone);
      await refused(scene.send(bob, draft('late')), 'participant-gone', gone);
      const range = { after: cursorOf(bob, position), limit: 10, maxBytes: 1_000 };
      const reset = resetTo(again, again.acknowledged);
      await refused(scene.store.read(again.mailbox, range), 'cursor-expired', reset);
    });

    test('messages that the old run had sent stay with their recipients', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(bob, draft('from the old run', { to: 'alice' }));
      await scene.rejoin(bob);
      expect(await scene.inbox(alice)).toContain('from the old run');
    });

    test('a trusted server may do it without a token', async () => {
      const scene = await open();
      await scene.join('alice', { displayName: 'Alice' });
      const again = await scene.join('alice', { proof: { kind: 'trusted' } });
      expect(again.participants).toHaveLength(1);
      expect(again.participants[0]).not.toHaveProperty('displayName');
    });

    test('alone in the room, it stays the same room', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const again = await scene.rejoin(alice);
      expect(await scene.roster()).toEqual(['alice']);
      await scene.join('bob');
      expect(await scene.inbox(again)).toEqual(['joined bob']);
    });
  });

  describe('taking over by resuming', () => {
    test('the mailbox goes on where it was, and nobody is told', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.acknowledgeAll(alice);
      await scene.send(alice, draft('read', { to: 'bob' }), draft('unread', { to: 'bob' }));
      const { position } = await scene.read(bob, { limit: 1 });
      await scene.acknowledge(bob, position);

      const again = await scene.rejoin(bob, { resume: true });
      expect(again).toMatchObject({ resumed: true, acknowledged: position, mailbox: bob.mailbox });
      expect(await scene.inbox(again)).toEqual(['unread']);
      expect(await scene.inbox(alice)).toEqual([]);
    });

    test('fields that were left out stay, fields that were given change, and so does nothing else', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { displayName: 'Alice', metadata: '{"a":1}', idleTimeoutMs: 5_000 });
      await scene.join('bob');
      const joinedAtMs = scene.clock.wallMs();
      await scene.clock.advance(1_000);

      const again = await scene.rejoin(alice, { resume: true, metadata: '{"a":2}' });
      const kept = { participantId: 'alice', displayName: 'Alice', joinedAtMs, listening: false };
      expect(again.participants[0]).toEqual({ ...kept, metadata: '{"a":2}' });
      expect(again.idleTimeoutMs).toBe(5_000);
      expect(await scene.rejoin(again, { resume: true, idleTimeoutMs: 9_000 })).toMatchObject({ idleTimeoutMs: 9_000 });
      expect(await scene.roster()).toEqual(['alice', 'bob']);
    });

    test('cursors from before go on working', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.send(alice, draft('1', { to: 'bob' }), draft('2', { to: 'bob' }));
      const { position } = await scene.read(bob, { limit: 1 });
      const again = await scene.rejoin(bob, { resume: true });
      expect((await scene.read(again, { after: position })).messages).toHaveLength(1);
    });

    test('who is not there joins anew', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const bob = await scene.join('bob', { resume: true });
      expect(bob.resumed).toBe(false);
      await scene.leave(bob);
      expect(await scene.rejoin(bob, { resume: true })).toMatchObject({ resumed: false });
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'left bob left', 'joined bob']);
    });

    test('a trusted server may do it without a token', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const again = await scene.join('alice', { resume: true, proof: { kind: 'trusted' } });
      expect(again).toMatchObject({ resumed: true, mailbox: alice.mailbox });
      expect(again.participants).toMatchObject([{ participantId: participantId('alice') }]);
    });
  });
}
