import { describe, expect, test } from '@jest/globals';
import { cursorOf, outgoing, participantId, expectRefusal, resetTo, type OpenFixture } from '../store-fixture.ts';

export function takingOver(open: OpenFixture): void {
  describe('a takeover that starts anew', () => {
    test('never delivers what a crashed run left unread', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('old', { to: 'bob' }));

      const again = await fixture.rejoin(bob);
      expect(again).toMatchObject({ resumed: false, replayed: false });
      expect(again.mailbox.mailboxId).not.toBe(bob.mailbox.mailboxId);
      expect(await fixture.inbox(again)).toEqual([]);
      await fixture.send(alice, outgoing('new', { to: 'bob' }));
      expect(await fixture.inbox(again)).toEqual(['new']);
    });

    test('announces that the old participant left and the new one joined, in one commit', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.acknowledgeAll(alice);
      await fixture.rejoin(bob);
      expect(await fixture.inbox(alice)).toEqual(['left bob replaced', 'joined bob']);
    });

    test('takes the profile, the joining time and the place in the order from the new join', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { displayName: 'Alice', idleTimeoutMs: 5_000 });
      await fixture.join('bob');
      await fixture.clock.advance(1_000);
      const again = await fixture.rejoin(alice);
      expect(again.idleTimeoutMs).toBe(60_000);
      expect(again.participants.map((participant) => participant.participantId)).toEqual(['bob', 'alice']);
      expect(again.participants.at(-1)).toEqual({
        participantId: 'alice',
        joinedAtMs: fixture.clock.wallMs(),
        listening: false,
      });
    });

    test('refuses the old cursor with a reset to the start of the new mailbox', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('old', { to: 'bob' }));
      const position = await fixture.head(bob);
      const again = await fixture.rejoin(bob);

      const gone = { reason: 'replaced' } as const;
      await expectRefusal(fixture.read(bob), 'participant-gone', gone);
      await expectRefusal(fixture.acknowledge(bob, position), 'participant-gone', gone);
      await expectRefusal(fixture.send(bob, outgoing('late')), 'participant-gone', gone);
      const range = { after: cursorOf(bob, position), limit: 10, maxBytes: 1_000 };
      const reset = resetTo(again, again.acknowledged);
      await expectRefusal(() => fixture.store.read(again.mailbox, range), 'cursor-expired', reset);
    });

    test('keeps messages that the old run had sent', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(bob, outgoing('from the old run', { to: 'alice' }));
      await fixture.rejoin(bob);
      expect(await fixture.inbox(alice)).toContain('from the old run');
    });

    test('is possible for a trusted server without a token', async () => {
      const fixture = await open();
      await fixture.join('alice', { displayName: 'Alice' });
      const again = await fixture.join('alice', { proof: { kind: 'trusted' } });
      expect(again.participants).toHaveLength(1);
      expect(again.participants[0]).not.toHaveProperty('displayName');
    });

    test('keeps the room when the participant is alone in it', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const again = await fixture.rejoin(alice);
      expect(await fixture.roster()).toEqual(['alice']);
      await fixture.join('bob');
      expect(await fixture.inbox(again)).toEqual(['joined bob']);
    });
  });

  describe('a takeover that resumes', () => {
    test('continues the mailbox, and announces nothing', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.acknowledgeAll(alice);
      await fixture.send(alice, outgoing('read', { to: 'bob' }), outgoing('unread', { to: 'bob' }));
      const { position } = await fixture.read(bob, { limit: 1 });
      await fixture.acknowledge(bob, position);

      const again = await fixture.rejoin(bob, { resume: true });
      expect(again).toMatchObject({ resumed: true, acknowledged: position, mailbox: bob.mailbox });
      expect(await fixture.inbox(again)).toEqual(['unread']);
      expect(await fixture.inbox(alice)).toEqual([]);
    });

    test('changes the given fields of the profile, and nothing else', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { displayName: 'Alice', metadata: '{"a":1}', idleTimeoutMs: 5_000 });
      await fixture.join('bob');
      const joinedAtMs = fixture.clock.wallMs();
      await fixture.clock.advance(1_000);

      const again = await fixture.rejoin(alice, { resume: true, metadata: '{"a":2}' });
      const kept = { participantId: 'alice', displayName: 'Alice', joinedAtMs, listening: false };
      expect(again.participants[0]).toEqual({ ...kept, metadata: '{"a":2}' });
      expect(again.idleTimeoutMs).toBe(5_000);
      expect(await fixture.rejoin(again, { resume: true, idleTimeoutMs: 9_000 })).toMatchObject({
        idleTimeoutMs: 9_000,
      });
      expect(await fixture.roster()).toEqual(['alice', 'bob']);
    });

    test('accepts cursors from before', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.send(alice, outgoing('1', { to: 'bob' }), outgoing('2', { to: 'bob' }));
      const { position } = await fixture.read(bob, { limit: 1 });
      const again = await fixture.rejoin(bob, { resume: true });
      expect((await fixture.read(again, { after: position })).messages).toHaveLength(1);
    });

    test('joins anew when the participant is absent', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const bob = await fixture.join('bob', { resume: true });
      expect(bob.resumed).toBe(false);
      await fixture.leave(bob);
      expect(await fixture.rejoin(bob, { resume: true })).toMatchObject({ resumed: false });
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'left bob left', 'joined bob']);
    });

    test('is possible for a trusted server without a token', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const again = await fixture.join('alice', { resume: true, proof: { kind: 'trusted' } });
      expect(again).toMatchObject({ resumed: true, mailbox: alice.mailbox });
      expect(again.participants).toMatchObject([{ participantId: participantId('alice') }]);
    });
  });
}
