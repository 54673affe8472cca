import { describe, expect, test } from '@jest/globals';
import { roomId, refused, type OpenScene } from '../scene.ts';

export function joining(open: OpenScene): void {
  describe('joining', () => {
    test('the first join makes the room, with an empty mailbox', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { displayName: 'Alice', metadata: '{"avatar" : 7}' });

      expect(alice).toMatchObject({ resumed: false, replayed: false, idleTimeoutMs: 60_000 });
      expect(alice.participants).toEqual([
        {
          participantId: 'alice',
          displayName: 'Alice',
          metadata: '{"avatar" : 7}',
          joinedAtMs: scene.clock.wallMs(),
          listening: false,
        },
      ]);
      expect(await scene.read(alice)).toEqual({ messages: [], position: alice.acknowledged, expired: 0, more: false });
    });

    test('a room that nobody joined has no participants', async () => {
      const scene = await open();
      expect(await scene.store.participants(roomId('nowhere'))).toEqual([]);
    });

    test('participants stand in the order of joining, also in the same millisecond', async () => {
      const scene = await open();
      const [first, , third] = await scene.joinAll('zoe', 'adam', 'mia');
      expect(first.participants.map(({ participantId }) => participantId)).toEqual(['zoe']);
      expect(third.participants.map(({ participantId }) => participantId)).toEqual(['zoe', 'adam', 'mia']);
      expect(await scene.roster()).toEqual(['zoe', 'adam', 'mia']);
    });

    test('everyone else is told, with the profile as it was given', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const bob = await scene.join('bob', { displayName: 'Bob', metadata: '{"b":1,"a":2}' });

      const [event, ...others] = (await scene.read(alice)).messages;
      expect(others).toEqual([]);
      expect(event).toMatchObject({ type: 'participant-joined', sentAtMs: scene.clock.wallMs(), ageMs: 0 });
      expect(event?.sender).toBeUndefined();
      expect(event?.recipient).toBeUndefined();
      expect(JSON.parse(event?.payload ?? '')).toEqual({
        participant: {
          participantId: 'bob',
          displayName: 'Bob',
          metadata: { b: 1, a: 2 },
          joinedAt: new Date(scene.clock.wallMs()).toISOString(),
          listening: false,
        },
      });
      expect(await scene.inbox(bob)).toEqual([]);
    });

    test('an own idle timeout wins over the default', async () => {
      const scene = await open();
      expect(await scene.join('alice', { idleTimeoutMs: 5_000 })).toMatchObject({ idleTimeoutMs: 5_000 });
    });

    test('one who is there is not replaced by a stranger', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await refused(scene.join('alice'), 'participant-exists');
      await refused(scene.join('alice', { resume: true }), 'participant-exists');
      expect(await scene.tokenState(alice)).toBe('fresh');
      expect(await scene.roster()).toEqual(['alice']);
    });

    test("another participant's token proves nothing, nor does the same name's in another room", async () => {
      const scene = await open();
      const [, bob] = await scene.joinAll('alice', 'bob');
      const elsewhere = await scene.join('alice', { room: 'attic' });
      for (const other of [bob, elsewhere]) {
        const proof = { kind: 'token', handle: other.handle } as const;
        await refused(scene.join('alice', { proof }), 'participant-exists');
      }
    });

    test('of strangers who join under one name at once, one gets it', async () => {
      const scene = await open();
      const joins = await Promise.allSettled([1, 2, 3, 4].map(() => scene.join('alice')));
      expect(joins.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
      expect(await scene.roster()).toEqual(['alice']);
    });

    test('a full room takes nobody, until one leaves', async () => {
      const scene = await open({ maxParticipantsPerRoom: 2 });
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await refused(scene.join('carol'), 'room-full');
      expect(await scene.inbox(alice)).toEqual(['joined bob']);

      await scene.leave(bob);
      await scene.join('carol');
      expect(await scene.roster()).toEqual(['alice', 'carol']);
    });

    test('a full room fills up exactly when many join at once', async () => {
      const scene = await open({ maxParticipantsPerRoom: 3 });
      const joins = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((id) => scene.join(id)));
      expect(joins.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      expect(await scene.roster()).toHaveLength(3);
    });

    test('a full room still lets its participants take over and resume', async () => {
      const scene = await open({ maxParticipantsPerRoom: 1 });
      const alice = await scene.join('alice');
      const again = await scene.rejoin(alice);
      expect(await scene.rejoin(again, { resume: true })).toMatchObject({ resumed: true });
    });

    test('rooms know nothing of each other', async () => {
      const scene = await open();
      const here = await scene.join('alice');
      const there = await scene.join('alice', { room: 'attic' });
      await scene.join('bob', { room: 'attic' });
      expect(await scene.inbox(here)).toEqual([]);
      expect(await scene.inbox(there)).toEqual(['joined bob']);
      expect(await scene.roster('lobby')).toEqual(['alice']);
      expect(await scene.roster('attic')).toEqual(['alice', 'bob']);
    });

    test('a room that everyone left is new to those who come next', async () => {
      const scene = await open();
      const first = await scene.join('alice');
      await scene.leave(first);
      expect(await scene.roster()).toEqual([]);
      const second = await scene.join('alice');
      expect(second.mailbox.mailboxId).not.toBe(first.mailbox.mailboxId);
      expect(await scene.inbox(second)).toEqual([]);
    });
  });
}
