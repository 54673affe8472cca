import { describe, expect, test } from '@jest/globals';
import type { Store } from '../../src/signalling/store.ts';
import { settle } from '../support/clock.ts';
import { openMemoryStore, replacing } from '../support/store.ts';
import { cursorOf, outgoing, numbered, fixtures } from '../store-contract/store-fixture.ts';
import { receiveFixtures } from './receive-fixture.ts';

const open = receiveFixtures(fixtures(openMemoryStore));

describe('a poll', () => {
  test('is answered at once if messages are stored', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    await fixture.storeFixture.send(alice, ...numbered(3));
    const polled = await fixture.poll(bob);
    expect(polled.outcome).toBe('1 2 3');
    expect(polled.batch).toMatchObject({ more: false, expired: 0 });
  });

  test('is held until a message is stored, and returns it without delay', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const polled = await fixture.poll(bob);
    await fixture.storeFixture.clock.advance(5_000);
    expect(polled.outcome).toBeUndefined();
    await fixture.storeFixture.send(alice, outgoing('hello'));
    await fixture.storeFixture.clock.advance(0);
    expect(polled.outcome).toBe('hello');
    expect(fixture.waiters.size).toBe(0);
  });

  test('that is held returns a whole batch', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const polled = await fixture.poll(bob);
    await fixture.storeFixture.send(alice, ...numbered(5));
    await fixture.storeFixture.clock.advance(0);
    expect(polled.outcome).toBe('1 2 3 4 5');
  });

  test('acknowledges messages up to its cursor, and none without a cursor', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    await fixture.storeFixture.send(alice, ...numbered(3));
    const first = await fixture.poll(bob, { limit: 2 });
    expect((await fixture.poll(bob, { limit: 2 })).outcome).toBe('1 2');
    expect(first.batch?.more).toBe(true);
    const second = await fixture.poll(bob, first.cursor && { after: first.cursor });
    expect(second.outcome).toBe('3');
    expect(await fixture.storeFixture.inbox(bob)).toEqual(['3']);
  });

  test('is answered at once as long as the previous batch had `more`', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    await fixture.storeFixture.send(alice, ...numbered(5));
    let polled = await fixture.poll(bob, { limit: 2 });
    const outcomes = [polled.outcome];
    while (polled.batch?.more === true && polled.cursor !== undefined) {
      polled = await fixture.poll(bob, { limit: 2, after: polled.cursor });
      outcomes.push(polled.outcome);
    }
    expect(outcomes).toEqual(['1 2', '3 4', '5']);
  });

  test('with no window is answered with an empty batch and a usable cursor', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const polled = await fixture.poll(bob, { windowMs: 0 });
    expect(polled.batch).toMatchObject({ messages: [], more: false, expired: 0 });
    await fixture.storeFixture.send(alice, outgoing('later'));
    expect((await fixture.poll(bob, polled.cursor && { after: polled.cursor })).outcome).toBe('later');
  });

  test('is answered at once with an empty batch if messages have expired', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    await fixture.storeFixture.send(alice, outgoing('short', { ttlMs: 1_000 }));
    await fixture.storeFixture.passTime(1_000, alice, bob);
    const polled = await fixture.poll(bob);
    expect(polled.batch).toMatchObject({ messages: [], expired: 1 });
    const next = await fixture.poll(bob, polled.cursor && { after: polled.cursor });
    expect(next.outcome).toBeUndefined();
  });

  test('is held for at least 90 % of its window and never longer', async () => {
    const fixture = await open();
    const { clock } = fixture.storeFixture;
    const bob = await fixture.storeFixture.join('bob', { idleTimeoutMs: 3_600_000 });
    const holds: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      const startMs = clock.steadyMs();
      const polled = await fixture.poll(bob, { windowMs: 20_000 });
      await clock.advance(20_000);
      expect(polled.batch).toMatchObject({ messages: [], more: false, expired: 0 });
      holds.push((polled.endedAtMs ?? Infinity) - startMs);
    }
    expect(Math.max(...holds)).toBeLessThanOrEqual(20_000);
    expect(Math.min(...holds)).toBeGreaterThanOrEqual(18_000);
    expect(Math.max(...holds) - Math.min(...holds)).toBeGreaterThan(200);
    expect(clock.timers).toBe(0);
  });

  test('keeps its participant listening, and restarts the idle time when it ends', async () => {
    const fixture = await open();
    const { storeFixture } = fixture;
    const bob = await storeFixture.join('bob', { idleTimeoutMs: 2_000 });
    const listening = async () => (await storeFixture.store.participants(bob.mailbox.roomId))[0]?.listening;
    await fixture.poll(bob, { windowMs: 20_000 });
    for (let second = 0; second < 17; second += 1) {
      await storeFixture.clock.advance(1_000);
      await storeFixture.sweep();
      expect(await listening()).toBe(true);
    }
    await storeFixture.clock.advance(3_000);
    expect(await listening()).toBe(true);
    await storeFixture.passTime(5_000);
    expect(await storeFixture.roster()).toEqual([]);
  });

  test('reports to the store whether it was answered, cut while held, or neither', async () => {
    const outcomes: string[] = [];
    const wrap = (store: Store): Store =>
      replacing(store, {
        // A poll can be cut off before it is held only while its read takes time.
        read: async (mailbox, range) => store.read(mailbox, range),
        openPoll: (mailbox) => {
          const poll = store.openPoll(mailbox);
          return {
            hold: (forMs, position) => poll.hold(forMs, position),
            supersedeOthers: () => poll.supersedeOthers(),
            end(outcome) {
              outcomes.push(outcome);
              poll.end(outcome);
            },
          };
        },
      });
    const fixture = await open({ wrap, maxHeldPolls: 1 });
    const bob = await fixture.storeFixture.join('bob');
    const carol = await fixture.storeFixture.join('carol', { room: 'elsewhere' });
    await fixture.poll(bob, { windowMs: 0 });
    (await fixture.poll(bob)).hangUp();
    await settle();
    await fixture.poll(bob, { windowMs: 1_000 });
    await fixture.storeFixture.clock.advance(1_000);
    await fixture.poll(bob, { after: cursorOf(bob, Number.MAX_SAFE_INTEGER) });
    fixture.startPoll(bob, { windowMs: 0 }).hangUp();
    await settle();
    await fixture.poll(carol);
    await fixture.poll(bob);
    expect(outcomes).toEqual(['answered', 'cut', 'answered', 'other', 'other', 'other']);
  });
});

describe('a poll with a bad cursor', () => {
  test('is refused with cursor-expired, and does not supersede the held poll', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    await fixture.storeFixture.send(alice, outgoing('1'));
    const first = await fixture.poll(bob);
    const held = await fixture.poll(bob, first.cursor && { after: first.cursor });
    const head = first.cursor?.position ?? 0;
    for (const after of [cursorOf(bob, head + 1), cursorOf(bob, head - 1), cursorOf(alice, head)])
      expect((await fixture.poll(bob, { after })).outcome).toBe('cursor-expired');
    expect(held.outcome).toBeUndefined();
    await fixture.storeFixture.send(alice, outgoing('2'));
    await fixture.storeFixture.clock.advance(0);
    expect(held.outcome).toBe('2');
    expect(fixture.waiters.size).toBe(0);
  });
});

describe('a client that hangs up', () => {
  test('frees its waiter at once, and later messages stay in the mailbox', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const polled = await fixture.poll(bob);
    polled.hangUp();
    await fixture.storeFixture.clock.advance(0);
    expect(polled.outcome).toBe('hung up');
    expect([fixture.waiters.size, fixture.storeFixture.clock.timers]).toEqual([0, 0]);
    await fixture.storeFixture.send(alice, outgoing('kept'));
    expect((await fixture.poll(bob)).outcome).toBe('kept');
  });

  test('does not affect a newer poll of the same mailbox on another connection', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const older = await fixture.poll(bob);
    const newer = await fixture.poll(bob);
    older.hangUp();
    await fixture.storeFixture.send(alice, outgoing('hello'));
    await fixture.storeFixture.clock.advance(0);
    expect([older.outcome, newer.outcome]).toEqual(['poll-superseded', 'hello']);
  });
});

describe('a held poll whose participant', () => {
  test.each(['left', 'removed', 'timeout'] as const)(
    'has gone (%s) ends at once with participant-gone and the reason',
    async (reason) => {
      const fixture = await open();
      const bob = await fixture.storeFixture.join('bob');
      const held = await fixture.poll(bob);
      await fixture.storeFixture.leave(bob, reason);
      await fixture.storeFixture.clock.advance(0);
      expect(held.error).toMatchObject({ code: 'participant-gone', details: { reason } });
      expect((await fixture.poll(bob)).outcome).toBe('participant-gone');
      expect(fixture.waiters.size).toBe(0);
    },
  );

  test.each([{ resume: true }, { resume: false }])(
    'is taken over with %j ends with participant-gone, and gets no later message',
    async (how) => {
      const fixture = await open();
      const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
      const held = await fixture.poll(bob);
      const again = await fixture.storeFixture.rejoin(bob, how);
      await fixture.storeFixture.send(alice, outgoing('for the new one'));
      await fixture.storeFixture.clock.advance(0);
      expect(held.error).toMatchObject({ code: 'participant-gone', details: { reason: 'replaced' } });
      expect(held.batch).toBeUndefined();
      expect((await fixture.poll(again)).outcome).toBe('for the new one');
    },
  );
});
