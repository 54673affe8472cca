import { describe, expect, test } from '@jest/globals';
import { roomId, expectRefusal, type OpenFixture } from '../store-fixture.ts';

export function joining(open: OpenFixture): void {
  describe('joining', () => {
    test('the first join creates the room and an empty mailbox', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { displayName: 'Alice', metadata: '{"avatar" : 7}' });

      expect(alice).toMatchObject({ resumed: false, replayed: false, idleTimeoutMs: 60_000 });
      expect(alice.participants).toEqual([
        {
          participantId: 'alice',
          displayName: 'Alice',
          metadata: '{"avatar" : 7}',
          joinedAtMs: fixture.clock.wallMs(),
          listening: false,
        },
      ]);
      expect(await fixture.read(alice)).toEqual({
        messages: [],
        position: alice.acknowledged,
        expired: 0,
        more: false,
      });
    });

    test('an unknown room has no participants', async () => {
      const fixture = await open();
      expect(await fixture.store.participants(roomId('nowhere'))).toEqual([]);
    });

    test('participants are listed in the order of joining, even within one millisecond', async () => {
      const fixture = await open();
      const [first, , third] = await fixture.joinAll('zoe', 'adam', 'mia');
      expect(first.participants.map(({ participantId }) => participantId)).toEqual(['zoe']);
      expect(third.participants.map(({ participantId }) => participantId)).toEqual(['zoe', 'adam', 'mia']);
      expect(await fixture.roster()).toEqual(['zoe', 'adam', 'mia']);
    });

    test('the others get an event with the profile as it was given', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const bob = await fixture.join('bob', { displayName: 'Bob', metadata: '{"b":1,"a":2}' });

      const [event, ...others] = (await fixture.read(alice)).messages;
      expect(others).toEqual([]);
      expect(event).toMatchObject({ type: 'participant-joined', sentAtMs: fixture.clock.wallMs(), ageMs: 0 });
      expect(event?.sender).toBeUndefined();
      expect(event?.recipient).toBeUndefined();
      expect(JSON.parse(event?.payload ?? '')).toEqual({
        participant: {
          participantId: 'bob',
          displayName: 'Bob',
          metadata: { b: 1, a: 2 },
          joinedAt: new Date(fixture.clock.wallMs()).toISOString(),
          listening: false,
        },
      });
      expect(await fixture.inbox(bob)).toEqual([]);
    });

    test('a given idle timeout overrides the default', async () => {
      const fixture = await open();
      expect(await fixture.join('alice', { idleTimeoutMs: 5_000 })).toMatchObject({ idleTimeoutMs: 5_000 });
    });

    test('a present participant is not replaced without proof', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await expectRefusal(fixture.join('alice'), 'participant-exists');
      await expectRefusal(fixture.join('alice', { resume: true }), 'participant-exists');
      expect(await fixture.tokenState(alice)).toBe('fresh');
      expect(await fixture.roster()).toEqual(['alice']);
    });

    test('the token of another participant, or of the same name in another room, proves nothing', async () => {
      const fixture = await open();
      const [, bob] = await fixture.joinAll('alice', 'bob');
      const elsewhere = await fixture.join('alice', { room: 'attic' });
      for (const other of [bob, elsewhere]) {
        const proof = { kind: 'token', handle: other.handle } as const;
        await expectRefusal(fixture.join('alice', { proof }), 'participant-exists');
      }
    });

    test('one of several concurrent joins under one name succeeds', async () => {
      const fixture = await open();
      const joins = await Promise.allSettled([1, 2, 3, 4].map(() => fixture.join('alice')));
      expect(joins.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
      expect(await fixture.roster()).toEqual(['alice']);
    });

    test('a full room refuses joins until a participant leaves', async () => {
      const fixture = await open({ maxParticipantsPerRoom: 2 });
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await expectRefusal(fixture.join('carol'), 'room-full');
      expect(await fixture.inbox(alice)).toEqual(['joined bob']);

      await fixture.leave(bob);
      await fixture.join('carol');
      expect(await fixture.roster()).toEqual(['alice', 'carol']);
    });

    test('concurrent joins fill a room exactly', async () => {
      const fixture = await open({ maxParticipantsPerRoom: 3 });
      const joins = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((id) => fixture.join(id)));
      expect(joins.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      expect(await fixture.roster()).toHaveLength(3);
    });

    test('participants of a full room can take over and resume', async () => {
      const fixture = await open({ maxParticipantsPerRoom: 1 });
      const alice = await fixture.join('alice');
      const again = await fixture.rejoin(alice);
      expect(await fixture.rejoin(again, { resume: true })).toMatchObject({ resumed: true });
    });

    test('rooms do not affect each other', async () => {
      const fixture = await open();
      const here = await fixture.join('alice');
      const there = await fixture.join('alice', { room: 'attic' });
      await fixture.join('bob', { room: 'attic' });
      expect(await fixture.inbox(here)).toEqual([]);
      expect(await fixture.inbox(there)).toEqual(['joined bob']);
      expect(await fixture.roster('lobby')).toEqual(['alice']);
      expect(await fixture.roster('attic')).toEqual(['alice', 'bob']);
    });

    test('a room that everyone left starts anew with the next join', async () => {
      const fixture = await open();
      const first = await fixture.join('alice');
      await fixture.leave(first);
      expect(await fixture.roster()).toEqual([]);
      const second = await fixture.join('alice');
      expect(second.mailbox.mailboxId).not.toBe(first.mailbox.mailboxId);
      expect(await fixture.inbox(second)).toEqual([]);
    });
  });
}
