import { describe, expect, test } from '@jest/globals';
import { fingerprint } from '../../../src/signalling/idempotency.ts';
import { LOBBY, participantId, expectRefusal, type OpenFixture } from '../store-fixture.ts';

export function joinRetries(open: OpenFixture): void {
  describe('a retried join with an idempotency key', () => {
    test('mints one more token for the same participant, and announces nothing', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const bob = await fixture.join('bob', { key: 'k', displayName: 'Bob' });
      await fixture.join('carol');

      const retried = await fixture.join('bob', { key: 'k', displayName: 'Bob' });
      expect(retried).toMatchObject({ replayed: true, resumed: false, mailbox: bob.mailbox, idleTimeoutMs: 60_000 });
      expect(retried.participants.map((participant) => participant.participantId)).toEqual(['alice', 'bob', 'carol']);
      expect(await fixture.tokenState(bob)).toBe('fresh');
      expect(await fixture.tokenState(retried)).toBe('fresh');
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'joined carol']);
      expect(await fixture.inbox(retried)).toEqual(['joined carol']);
    });

    test('returns the participant whose id was generated, although the retry generated another id', async () => {
      const fixture = await open();
      const first = await fixture.join('generated-1', { key: 'k' });
      const retried = await fixture.join('generated-2', { key: 'k' });
      expect(retried.mailbox).toEqual(first.mailbox);
      expect(await fixture.roster()).toEqual(['generated-1']);
    });

    test('keeps all minted tokens valid until one is used, then deletes the others and the key', async () => {
      const fixture = await open();
      const first = await fixture.join('alice', { key: 'k' });
      const second = await fixture.join('alice', { key: 'k' });
      const third = await fixture.join('alice', { key: 'k' });
      await fixture.store.claimToken(second.handle);

      const states = await Promise.all([first, second, third].map((one) => fixture.tokenState(one)));
      expect(states).toEqual(['unknown', 'used', 'unknown']);
      await expectRefusal(fixture.join('alice', { key: 'k' }), 'participant-exists');
      await expectRefusal(fixture.rejoin(first), 'participant-exists');
    });

    test('keeps only the newest 8 unused tokens, however often it is repeated', async () => {
      const fixture = await open();
      const joins = [await fixture.join('alice', { key: 'k' })];
      for (let replays = 0; replays < 12; replays += 1) joins.push(await fixture.join('alice', { key: 'k' }));
      const states = await Promise.all(joins.map((one) => fixture.tokenState(one)));
      expect(states).toEqual([...Array<string>(5).fill('unknown'), ...Array<string>(8).fill('fresh')]);
      const oldest = joins[5];
      if (oldest !== undefined) await fixture.store.claimToken(oldest.handle);
      expect(await Promise.all(joins.slice(4, 7).map((one) => fixture.tokenState(one)))).toEqual([
        'unknown',
        'used',
        'unknown',
      ]);
    });

    test('does not count the token that it replaced among the newest 8', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await fixture.store.claimToken(alice.handle);
      for (let joins = 0; joins < 12; joins += 1) await fixture.rejoin(alice, { resume: true, key: 'k' });
      expect(await fixture.tokenState(alice)).toBe('replaced');
    });

    test('also works for a takeover whose reply was lost', async () => {
      const fixture = await open();
      const [alice, bob] = await fixture.joinAll('alice', 'bob');
      await fixture.acknowledgeAll(alice);
      const lost = await fixture.rejoin(bob, { key: 'k' });
      const retried = await fixture.rejoin(bob, { key: 'k' });
      expect(retried).toMatchObject({ replayed: true, resumed: false, mailbox: lost.mailbox });
      expect(await fixture.inbox(alice)).toEqual(['left bob replaced', 'joined bob']);
    });

    test('reports `resumed` again when the reply to a resume was lost', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      await fixture.rejoin(alice, { resume: true, key: 'k' });
      const retried = await fixture.rejoin(alice, { resume: true, key: 'k' });
      expect(retried).toMatchObject({ replayed: true, resumed: true, mailbox: alice.mailbox });
    });

    test('is reported by knowsJoin as long as it would be a replay', async () => {
      const fixture = await open();
      const known = () => fixture.store.knowsJoin(LOBBY, 'join k');
      expect(await known()).toBe(false);
      const alice = await fixture.join('alice', { key: 'k' });
      expect(await known()).toBe(true);
      await fixture.store.claimToken(alice.handle);
      expect(await known()).toBe(false);
      const bob = await fixture.join('bob', { key: 'k', idleTimeoutMs: 3_600_000 });
      await fixture.leave(bob);
      expect(await known()).toBe(false);
      await fixture.join('bob', { key: 'k', idleTimeoutMs: 3_600_000 });
      await fixture.passTime(599_999);
      expect(await known()).toBe(true);
      await fixture.clock.advance(1);
      expect(await known()).toBe(false);
    });

    test('is refused with another body, and mints no token', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { key: 'k', body: 'one' });
      await expectRefusal(fixture.join('alice', { key: 'k', body: 'other' }), 'idempotency-key-reused');
      expect(await fixture.tokenState(alice)).toBe('fresh');
      expect(await fixture.join('alice', { key: 'k', body: 'one' })).toMatchObject({ replayed: true });
    });

    test('is a replay of a join that version 0.1.0 stored, whose fingerprint cannot be compared', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { key: 'k', body: 'fingerprint of 0.1.0' });
      const retried = await fixture.join('alice', { key: 'k', body: fingerprint('{}') });
      expect(retried).toMatchObject({ replayed: true, mailbox: alice.mailbox });
      const other = fixture.join('alice', { key: 'k', body: 'another of 0.1.0' });
      await expectRefusal(other, 'idempotency-key-reused');
    });

    test('joins anew once the participant is gone', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { key: 'k' });
      await fixture.leave(alice);
      const anew = await fixture.join('alice', { key: 'k', body: 'even with another body' });
      expect(anew.replayed).toBe(false);
      expect(anew.mailbox.mailboxId).not.toBe(alice.mailbox.mailboxId);
    });

    test('is a replay for 600 s, and a new join after that', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { key: 'k', idleTimeoutMs: 3_600_000 });
      await fixture.passTime(599_999);
      expect(await fixture.join('alice', { key: 'k' })).toMatchObject({ replayed: true, mailbox: alice.mailbox });
      await fixture.clock.advance(1);
      await expectRefusal(fixture.join('alice', { key: 'k' }), 'participant-exists');
      await fixture.sweep();
      await expectRefusal(fixture.join('alice', { key: 'k', body: 'other' }), 'participant-exists');
    });

    test('creates one participant, announced once, when it races with the first', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const joins = await Promise.all([1, 2, 3].map((attempt) => fixture.join(`generated-${attempt}`, { key: 'k' })));
      expect(new Set(joins.map(({ mailbox }) => mailbox.mailboxId)).size).toBe(1);
      expect(joins.map(({ replayed }) => replayed).sort()).toEqual([false, true, true]);
      expect(await fixture.inbox(alice)).toHaveLength(1);
      expect(await fixture.roster()).toHaveLength(2);
    });

    test('is decided anew after a refusal: only successful joins are kept', async () => {
      const fixture = await open({ maxParticipantsPerRoom: 1 });
      const alice = await fixture.join('alice');
      await expectRefusal(fixture.join('bob', { key: 'k' }), 'room-full');
      await fixture.leave(alice);
      expect(await fixture.join('bob', { key: 'k', body: 'other' })).toMatchObject({ replayed: false });
    });

    test('restarts the idle time of the participant', async () => {
      const fixture = await open();
      await fixture.join('alice', { key: 'k', idleTimeoutMs: 5_000 });
      await fixture.passTime(4_500);
      await fixture.join('alice', { key: 'k', idleTimeoutMs: 5_000 });
      await fixture.passTime(4_500);
      expect(await fixture.roster()).toEqual(['alice']);
      await fixture.passTime(1_500);
      expect(await fixture.roster()).toEqual([]);
    });

    test('is no replay once another join has taken over', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { key: 'k' });
      await fixture.rejoin(alice, { resume: true });
      await expectRefusal(fixture.join('alice', { key: 'k' }), 'participant-exists');
    });

    test('works in a full room', async () => {
      const fixture = await open({ maxParticipantsPerRoom: 1 });
      const alice = await fixture.join('alice', { key: 'k' });
      expect(await fixture.join('alice', { key: 'k' })).toMatchObject({ replayed: true, mailbox: alice.mailbox });
    });

    test('restarts no other idle time, and lists participants who joined meanwhile', async () => {
      const fixture = await open();
      await fixture.join('alice', { key: 'k', idleTimeoutMs: 30_000 });
      await fixture.join('bob', { idleTimeoutMs: 10_000 });
      await fixture.passTime(11_000);
      const retried = await fixture.join('alice', { key: 'k' });
      expect(retried.participants).toMatchObject([{ participantId: participantId('alice') }]);
      expect(await fixture.inbox(retried)).toEqual(['joined bob', 'left bob timeout']);
    });
  });
}
