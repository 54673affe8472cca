import { describe, expect, test } from '@jest/globals';
import type { StoreAdapter } from '../../src/signalling/store.ts';
import { settle } from '../support/clock.ts';
import { openMemoryStore, replacing } from '../support/store.ts';
import { cursorOf, outgoing, numbered, fixtures } from '../store-contract/store-fixture.ts';
import { desks } from './desk.ts';

const open = desks(fixtures(openMemoryStore));

describe('a poll', () => {
  test('is answered at once with what is there', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    await desk.fixture.send(alice, ...numbered(3));
    const polled = await desk.poll(bob);
    expect(polled.said).toBe('1 2 3');
    expect(polled.batch).toMatchObject({ more: false, expired: 0 });
  });

  test('is held until a message comes, and brings it without delay', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const polled = await desk.poll(bob);
    await desk.fixture.clock.advance(5_000);
    expect(polled.said).toBeUndefined();
    await desk.fixture.send(alice, outgoing('hello'));
    await desk.fixture.clock.advance(0);
    expect(polled.said).toBe('hello');
    expect(desk.waiters.size).toBe(0);
  });

  test('that is held brings a whole batch', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const polled = await desk.poll(bob);
    await desk.fixture.send(alice, ...numbered(5));
    await desk.fixture.clock.advance(0);
    expect(polled.said).toBe('1 2 3 4 5');
  });

  test('acknowledges up to its cursor, and nothing without one', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    await desk.fixture.send(alice, ...numbered(3));
    const first = await desk.poll(bob, { limit: 2 });
    expect((await desk.poll(bob, { limit: 2 })).said).toBe('1 2');
    expect(first.batch?.more).toBe(true);
    const second = await desk.poll(bob, first.cursor && { after: first.cursor });
    expect(second.said).toBe('3');
    expect(await desk.fixture.inbox(bob)).toEqual(['3']);
  });

  test('that says `more` is followed by one that returns at once', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    await desk.fixture.send(alice, ...numbered(5));
    let polled = await desk.poll(bob, { limit: 2 });
    const said = [polled.said];
    while (polled.batch?.more === true && polled.cursor !== undefined) {
      polled = await desk.poll(bob, { limit: 2, after: polled.cursor });
      said.push(polled.said);
    }
    expect(said).toEqual(['1 2', '3 4', '5']);
  });

  test('that does not wait is answered empty, with a cursor as good as any', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const polled = await desk.poll(bob, { windowMs: 0 });
    expect(polled.batch).toMatchObject({ messages: [], more: false, expired: 0 });
    await desk.fixture.send(alice, outgoing('later'));
    expect((await desk.poll(bob, polled.cursor && { after: polled.cursor })).said).toBe('later');
  });

  test('is answered at once when lifetimes ended, although it is empty', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    await desk.fixture.send(alice, outgoing('short', { ttlMs: 1_000 }));
    await desk.fixture.passTime(1_000, alice, bob);
    const polled = await desk.poll(bob);
    expect(polled.batch).toMatchObject({ messages: [], expired: 1 });
    const next = await desk.poll(bob, polled.cursor && { after: polled.cursor });
    expect(next.said).toBeUndefined();
  });

  test('has a window: held up to 10 % shorter than asked for, never longer', async () => {
    const desk = await open();
    const { clock } = desk.fixture;
    const bob = await desk.fixture.join('bob', { idleTimeoutMs: 3_600_000 });
    const holds: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      const startMs = clock.steadyMs();
      const polled = await desk.poll(bob, { windowMs: 20_000 });
      await clock.advance(20_000);
      expect(polled.batch).toMatchObject({ messages: [], more: false, expired: 0 });
      holds.push((polled.endedAtMs ?? Infinity) - startMs);
    }
    expect(Math.max(...holds)).toBeLessThanOrEqual(20_000);
    expect(Math.min(...holds)).toBeGreaterThanOrEqual(18_000);
    expect(Math.max(...holds) - Math.min(...holds)).toBeGreaterThan(200);
    expect(clock.timers).toBe(0);
  });

  test('makes its participant listen, and lets its idle time begin when it ended', async () => {
    const desk = await open();
    const { fixture } = desk;
    const bob = await fixture.join('bob', { idleTimeoutMs: 2_000 });
    const listening = async () => (await fixture.store.participants(bob.mailbox.roomId))[0]?.listening;
    await desk.poll(bob, { windowMs: 20_000 });
    for (let second = 0; second < 17; second += 1) {
      await fixture.clock.advance(1_000);
      await fixture.sweep();
      expect(await listening()).toBe(true);
    }
    await fixture.clock.advance(3_000);
    expect(await listening()).toBe(true);
    await fixture.passTime(5_000);
    expect(await fixture.roster()).toEqual([]);
  });

  test('that ended tells the store whether it was answered, cut while it was held, or neither', async () => {
    const outcomes: string[] = [];
    const wrap = (store: StoreAdapter): StoreAdapter =>
      replacing(store, {
        openPoll: (mailbox) => {
          const poll = store.openPoll(mailbox);
          return {
            ...poll,
            end(outcome) {
              outcomes.push(outcome);
              poll.end(outcome);
            },
          };
        },
      });
    const desk = await open({ wrap, maxHeldPolls: 1 });
    const bob = await desk.fixture.join('bob');
    const carol = await desk.fixture.join('carol', { room: 'elsewhere' });
    await desk.poll(bob, { windowMs: 0 });
    (await desk.poll(bob)).hangUp();
    await settle();
    await desk.poll(bob, { windowMs: 1_000 });
    await desk.fixture.clock.advance(1_000);
    await desk.poll(bob, { after: cursorOf(bob, Number.MAX_SAFE_INTEGER) });
    desk.begin(bob, { windowMs: 0 }).hangUp();
    await settle();
    await desk.poll(carol);
    await desk.poll(bob);
    expect(outcomes).toEqual(['answered', 'cut', 'answered', 'other', 'other', 'other']);
  });
});

describe('a poll with a bad cursor', () => {
  test('is expectRefusal, and displaces nobody', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    await desk.fixture.send(alice, outgoing('1'));
    const first = await desk.poll(bob);
    const held = await desk.poll(bob, first.cursor && { after: first.cursor });
    const head = first.cursor?.position ?? 0;
    for (const after of [cursorOf(bob, head + 1), cursorOf(bob, head - 1), cursorOf(alice, head)])
      expect((await desk.poll(bob, { after })).said).toBe('cursor-expired');
    expect(held.said).toBeUndefined();
    await desk.fixture.send(alice, outgoing('2'));
    await desk.fixture.clock.advance(0);
    expect(held.said).toBe('2');
    expect(desk.waiters.size).toBe(0);
  });
});

describe('a client that hangs up', () => {
  test('frees its waiter at once, and what comes later is kept', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const polled = await desk.poll(bob);
    polled.hangUp();
    await desk.fixture.clock.advance(0);
    expect(polled.said).toBe('hung up');
    expect([desk.waiters.size, desk.fixture.clock.timers]).toEqual([0, 0]);
    await desk.fixture.send(alice, outgoing('kept'));
    expect((await desk.poll(bob)).said).toBe('kept');
  });

  test('leaves the poll of the same mailbox that is held by another connection alone', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const older = await desk.poll(bob);
    const newer = await desk.poll(bob);
    older.hangUp();
    await desk.fixture.send(alice, outgoing('hello'));
    await desk.fixture.clock.advance(0);
    expect([older.said, newer.said]).toEqual(['poll-superseded', 'hello']);
  });
});

describe('a participant who goes', () => {
  test.each(['left', 'removed', 'timeout'] as const)('%s: its held poll says so at once', async (reason) => {
    const desk = await open();
    const bob = await desk.fixture.join('bob');
    const held = await desk.poll(bob);
    await desk.fixture.leave(bob, reason);
    await desk.fixture.clock.advance(0);
    expect(held.error).toMatchObject({ code: 'participant-gone', details: { reason } });
    expect((await desk.poll(bob)).said).toBe('participant-gone');
    expect(desk.waiters.size).toBe(0);
  });

  test.each([{ resume: true }, { resume: false }])('is taken over with %j: its held poll ends', async (how) => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const held = await desk.poll(bob);
    const again = await desk.fixture.rejoin(bob, how);
    await desk.fixture.send(alice, outgoing('for the new one'));
    await desk.fixture.clock.advance(0);
    expect(held.error).toMatchObject({ code: 'participant-gone', details: { reason: 'replaced' } });
    expect(held.batch).toBeUndefined();
    expect((await desk.poll(again)).said).toBe('for the new one');
  });
});
