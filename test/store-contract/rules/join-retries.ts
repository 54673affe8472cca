import { describe, expect, test } from '@jest/globals';
import { LOBBY, participantId, refused, type OpenScene } from '../scene.ts';

export function joinRetries(open: OpenScene): void {
  describe('a retried join with its key', () => {
    test('gives a further token for the same participant, and announces nothing', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const bob = await scene.join('bob', { key: 'k', displayName: 'Bob' });
      await scene.join('carol');

      const retried = await scene.join('bob', { key: 'k', displayName: 'Bob' });
      expect(retried).toMatchObject({ replayed: true, resumed: false, mailbox: bob.mailbox, idleTimeoutMs: 60_000 });
      expect(retried.participants.map((participant) => participant.participantId)).toEqual(['alice', 'bob', 'carol']);
      expect(await scene.tokenState(bob)).toBe('fresh');
      expect(await scene.tokenState(retried)).toBe('fresh');
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'joined carol']);
      expect(await scene.inbox(retried)).toEqual(['joined carol']);
    });

    test('finds the participant whose id was generated, although the retry generated another', async () => {
      const scene = await open();
      const first = await scene.join('generated-1', { key: 'k' });
      const retried = await scene.join('generated-2', { key: 'k' });
      expect(retried.mailbox).toEqual(first.mailbox);
      expect(await scene.roster()).toEqual(['generated-1']);
    });

    test('all its tokens are good until one is used; then the others and the key are gone', async () => {
      const scene = await open();
      const first = await scene.join('alice', { key: 'k' });
      const second = await scene.join('alice', { key: 'k' });
      const third = await scene.join('alice', { key: 'k' });
      await scene.store.claimToken(second.handle);

      const states = await Promise.all([first, second, third].map((one) => scene.tokenState(one)));
      expect(states).toEqual(['unknown', 'used', 'unknown']);
      await refused(scene.join('alice', { key: 'k' }), 'participant-exists');
      await refused(scene.rejoin(first), 'participant-exists');
    });

    test('only the newest 8 of its unused tokens are valid, however often it is repeated', async () => {
      const scene = await open();
      const joins = [await scene.join('alice', { key: 'k' })];
      for (let replays = 0; replays < 12; replays += 1) joins.push(await scene.join('alice', { key: 'k' }));
      const states = await Promise.all(joins.map((one) => scene.tokenState(one)));
      expect(states).toEqual([...Array<string>(5).fill('unknown'), ...Array<string>(8).fill('fresh')]);
      const oldest = joins[5];
      if (oldest !== undefined) await scene.store.claimToken(oldest.handle);
      expect(await Promise.all(joins.slice(4, 7).map((one) => scene.tokenState(one)))).toEqual([
        'unknown',
        'used',
        'unknown',
      ]);
    });

    test('does not count the token that it replaced among the newest 8', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await scene.store.claimToken(alice.handle);
      for (let joins = 0; joins < 12; joins += 1) await scene.rejoin(alice, { resume: true, key: 'k' });
      expect(await scene.tokenState(alice)).toBe('replaced');
    });

    test('a lost takeover is retried like a lost join', async () => {
      const scene = await open();
      const [alice, bob] = await scene.joinAll('alice', 'bob');
      await scene.acknowledgeAll(alice);
      const lost = await scene.rejoin(bob, { key: 'k' });
      const retried = await scene.rejoin(bob, { key: 'k' });
      expect(retried).toMatchObject({ replayed: true, resumed: false, mailbox: lost.mailbox });
      expect(await scene.inbox(alice)).toEqual(['left bob replaced', 'joined bob']);
    });

    test('a lost resume says again that it resumed', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      await scene.rejoin(alice, { resume: true, key: 'k' });
      const retried = await scene.rejoin(alice, { resume: true, key: 'k' });
      expect(retried).toMatchObject({ replayed: true, resumed: true, mailbox: alice.mailbox });
    });

    test('is known beforehand, as long as it would find something', async () => {
      const scene = await open();
      const known = () => scene.store.knowsJoin(LOBBY, 'join k');
      expect(await known()).toBe(false);
      const alice = await scene.join('alice', { key: 'k' });
      expect(await known()).toBe(true);
      await scene.store.claimToken(alice.handle);
      expect(await known()).toBe(false);
      const bob = await scene.join('bob', { key: 'k', idleTimeoutMs: 3_600_000 });
      await scene.leave(bob);
      expect(await known()).toBe(false);
      await scene.join('bob', { key: 'k', idleTimeoutMs: 3_600_000 });
      await scene.pass(599_999);
      expect(await known()).toBe(true);
      await scene.clock.advance(1);
      expect(await known()).toBe(false);
    });

    test('with another body is refused, and mints nothing', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { key: 'k', body: 'one' });
      await refused(scene.join('alice', { key: 'k', body: 'other' }), 'idempotency-key-reused');
      expect(await scene.tokenState(alice)).toBe('fresh');
      expect(await scene.join('alice', { key: 'k', body: 'one' })).toMatchObject({ replayed: true });
    });

    test('finds nothing once its participant went: it joins anew', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { key: 'k' });
      await scene.leave(alice);
      const anew = await scene.join('alice', { key: 'k', body: 'even with another body' });
      expect(anew.replayed).toBe(false);
      expect(anew.mailbox.mailboxId).not.toBe(alice.mailbox.mailboxId);
    });

    test('finds the first one for 600 s, and no longer', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { key: 'k', idleTimeoutMs: 3_600_000 });
      await scene.pass(599_999);
      expect(await scene.join('alice', { key: 'k' })).toMatchObject({ replayed: true, mailbox: alice.mailbox });
      await scene.clock.advance(1);
      await refused(scene.join('alice', { key: 'k' }), 'participant-exists');
      await scene.sweep();
      await refused(scene.join('alice', { key: 'k', body: 'other' }), 'participant-exists');
    });

    test('at the same time as the first makes one participant, announced once', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const joins = await Promise.all([1, 2, 3].map((attempt) => scene.join(`generated-${attempt}`, { key: 'k' })));
      expect(new Set(joins.map(({ mailbox }) => mailbox.mailboxId)).size).toBe(1);
      expect(joins.map(({ replayed }) => replayed).sort()).toEqual([false, true, true]);
      expect(await scene.inbox(alice)).toHaveLength(1);
      expect(await scene.roster()).toHaveLength(2);
    });

    test('after a refusal is judged anew: only joins that worked are kept', async () => {
      const scene = await open({ maxParticipantsPerRoom: 1 });
      const alice = await scene.join('alice');
      await refused(scene.join('bob', { key: 'k' }), 'room-full');
      await scene.leave(alice);
      expect(await scene.join('bob', { key: 'k', body: 'other' })).toMatchObject({ replayed: false });
    });

    test('begins its idle time anew: it is a request of the participant', async () => {
      const scene = await open();
      await scene.join('alice', { key: 'k', idleTimeoutMs: 5_000 });
      await scene.pass(4_500);
      await scene.join('alice', { key: 'k', idleTimeoutMs: 5_000 });
      await scene.pass(4_500);
      expect(await scene.roster()).toEqual(['alice']);
      await scene.pass(1_500);
      expect(await scene.roster()).toEqual([]);
    });

    test('finds nothing once another join has taken over', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { key: 'k' });
      await scene.rejoin(alice, { resume: true });
      await refused(scene.join('alice', { key: 'k' }), 'participant-exists');
    });

    test('works in a full room', async () => {
      const scene = await open({ maxParticipantsPerRoom: 1 });
      const alice = await scene.join('alice', { key: 'k' });
      expect(await scene.join('alice', { key: 'k' })).toMatchObject({ replayed: true, mailbox: alice.mailbox });
    });

    test('does not begin the idle time of the others, nor hide who came meanwhile', async () => {
      const scene = await open();
      await scene.join('alice', { key: 'k', idleTimeoutMs: 30_000 });
      await scene.join('bob', { idleTimeoutMs: 10_000 });
      await scene.pass(11_000);
      const retried = await scene.join('alice', { key: 'k' });
      expect(retried.participants).toMatchObject([{ participantId: participantId('alice') }]);
      expect(await scene.inbox(retried)).toEqual(['joined bob', 'left bob timeout']);
    });
  });
}
