import { describe, expect, test } from '@jest/globals';
import type { Cursor } from '../../src/signalling/cursor.ts';
import type { Joined, Store } from '../../src/signalling/store.ts';
import { settle } from '../support/clock.ts';
import { openMemoryStore, replacing } from '../support/store.ts';
import { outgoing, summaryOf, numbered, fixtures } from '../store-contract/store-fixture.ts';
import { receiveFixtures, type ReceiveFixture } from './receive-fixture.ts';

const open = receiveFixtures(fixtures(openMemoryStore));

/** Wraps a store so that `act` runs once, after a read and before its result is returned. */
const interrupting =
  (interruption: { act?: (() => Promise<unknown>) | undefined }) =>
  (store: Store): Store =>
    replacing(store, {
      async read(mailbox, range) {
        const page = await store.read(mailbox, range);
        const { act } = interruption;
        interruption.act = undefined;
        await act?.();
        return page;
      },
    });

describe('a message that races with a poll', () => {
  test('is delivered at once if it is committed between the read and the hold', async () => {
    const interruption: { act?: () => Promise<unknown> } = {};
    const fixture = await open({ wrap: interrupting(interruption) });
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    interruption.act = () => fixture.storeFixture.send(alice, outgoing('in between'));
    expect((await fixture.poll(bob)).outcome).toBe('in between');
  });

  test('is delivered at once if it is committed while a held poll reads after an empty hint', async () => {
    const interruption: { act?: () => Promise<unknown> } = {};
    const fixture = await open({ wrap: interrupting(interruption) });
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const held = await fixture.poll(bob);
    interruption.act = () => fixture.storeFixture.send(alice, outgoing('in between'));
    fixture.waiters.wake(bob.mailbox.mailboxId);
    await settle();
    expect(held.outcome).toBe('in between');
  });

  test('is delivered at the end of the window at the latest if its hint is lost', async () => {
    const fixture = await open({ onHint: () => undefined });
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const held = await fixture.poll(bob, { windowMs: 25_000 });
    await fixture.storeFixture.send(alice, outgoing('late'));
    await fixture.storeFixture.clock.advance(22_000);
    expect(held.outcome).toBeUndefined();
    await fixture.storeFixture.clock.advance(3_000);
    expect(held.outcome).toBe('late');
  });

  test('is delivered once if its hint comes twice', async () => {
    const fixture = await open({
      onHint: (_, pass) => {
        pass();
        pass();
      },
    });
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const held = await fixture.poll(bob);
    await fixture.storeFixture.send(alice, outgoing('once'));
    await settle();
    expect(held.outcome).toBe('once');
    const next = await fixture.poll(bob, held.cursor && { after: held.cursor });
    await fixture.storeFixture.clock.advance(1_000);
    expect(next.outcome).toBeUndefined();
  });

  test('a hint without a message neither ends a held poll nor extends its window', async () => {
    const fixture = await open();
    const bob = await fixture.storeFixture.join('bob');
    const held = await fixture.poll(bob, { windowMs: 10_000 });
    for (let second = 0; second < 8; second += 1) {
      fixture.waiters.wake(bob.mailbox.mailboxId);
      await fixture.storeFixture.clock.advance(1_000);
      expect(held.outcome).toBeUndefined();
    }
    await fixture.storeFixture.clock.advance(2_000);
    expect(held.outcome).toBe('nothing');
  });
});

describe('two polls of one mailbox', () => {
  test('the older poll ends at once with poll-superseded, and the newer poll gets the message', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const older = await fixture.poll(bob);
    const newer = await fixture.poll(bob);
    expect([older.outcome, newer.outcome]).toEqual(['poll-superseded', undefined]);
    await fixture.storeFixture.send(alice, outgoing('hello'));
    await settle();
    expect(newer.outcome).toBe('hello');
    expect(fixture.waiters.size).toBe(0);
  });

  test('of six concurrent polls, the last is held', async () => {
    const fixture = await open();
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const polls = Array.from({ length: 6 }, () => fixture.startPoll(bob));
    await settle();
    expect(polls.map(({ outcome }) => outcome)).toEqual([...Array<string>(5).fill('poll-superseded'), undefined]);
    await fixture.storeFixture.send(alice, outgoing('hello'));
    await settle();
    expect(polls.at(-1)?.outcome).toBe('hello');
    expect([fixture.waiters.size, fixture.storeFixture.clock.timers]).toEqual([0, 0]);
  });

  test('a poll that is answered at once supersedes the held poll', async () => {
    const fixture = await open();
    const bob = await fixture.storeFixture.join('bob');
    const older = await fixture.poll(bob);
    expect((await fixture.poll(bob, { windowMs: 0 })).outcome).toBe('nothing');
    expect(older.outcome).toBe('poll-superseded');
  });

  test('a participant whose polls supersede each other is always listening', async () => {
    const fixture = await open();
    const { storeFixture } = fixture;
    const bob = await storeFixture.join('bob', { idleTimeoutMs: 1_000 });
    for (let second = 0; second < 10; second += 1) {
      await fixture.poll(bob, { windowMs: 20_000 });
      await storeFixture.passTime(1_500);
      expect(await storeFixture.store.participants(bob.mailbox.roomId)).toMatchObject([{ listening: true }]);
    }
  });

  test('two tabs that share a token poll at the paced rate, and together receive every message', async () => {
    const fixture = await open({ paced: true });
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const tabs = [new Tab(fixture, bob), new Tab(fixture, bob)];
    await fixture.storeFixture.clock.advance(20_000);
    const polls = tabs.reduce((sum, { polls: count }) => sum + count, 0);
    expect(polls).toBeLessThanOrEqual(50 + 2 * 5 * 20 + 10);
    await fixture.storeFixture.send(alice, ...numbered(3));
    await fixture.storeFixture.clock.advance(1_000);
    expect(new Set(tabs.flatMap(({ seen }) => seen))).toEqual(new Set(['1', '2', '3']));
    for (const one of tabs) one.stop();
    await fixture.storeFixture.clock.advance(25_000);
  });
});

/** A client that polls in a loop, each time with its latest cursor. */
class Tab {
  polls = 0;
  readonly seen: string[] = [];
  #running = true;

  constructor(fixture: ReceiveFixture, reader: Joined) {
    void this.#run(fixture, reader);
  }

  stop(): void {
    this.#running = false;
  }

  async #run(fixture: ReceiveFixture, reader: Joined): Promise<void> {
    let after: Cursor | undefined;
    while (this.#running) {
      this.polls += 1;
      const polled = fixture.startPoll(reader, after && { after });
      while (polled.endedAtMs === undefined)
        await new Promise<void>((resolve) => fixture.storeFixture.clock.after(1, resolve));
      this.seen.push(...(polled.batch?.messages.map(summaryOf) ?? []));
      if (polled.error?.code === 'cursor-expired') after = undefined;
      else after = polled.cursor ?? after;
    }
  }
}

describe('the limit of held polls', () => {
  test('refuses a further poll, and keeps held polls held', async () => {
    const fixture = await open({ maxHeldPolls: 2 });
    const [alice, bob, carol] = await fixture.storeFixture.joinAll('alice', 'bob', 'carol');
    await fixture.storeFixture.acknowledgeAll(alice, bob, carol);
    const held = [await fixture.poll(alice), await fixture.poll(bob)];
    expect((await fixture.poll(carol)).outcome).toBe('too-many-polls');
    expect(held.map(({ outcome }) => outcome)).toEqual([undefined, undefined]);
    expect((await fixture.poll(carol, { windowMs: 0 })).outcome).toBe('nothing');

    await fixture.storeFixture.send(carol, outgoing('hello'));
    await settle();
    expect(held.map(({ outcome }) => outcome)).toEqual(['hello', 'hello']);
    expect((await fixture.poll(carol)).outcome).toBeUndefined();
  });

  test('does not count a poll that supersedes a held poll of its participant', async () => {
    const fixture = await open({ maxHeldPolls: 1 });
    const [alice, bob] = await fixture.storeFixture.joinAll('alice', 'bob');
    const older = await fixture.poll(bob);
    const newer = await fixture.poll(bob);
    expect([older.outcome, newer.outcome]).toEqual(['poll-superseded', undefined]);
    await fixture.storeFixture.send(alice, outgoing('hello'));
    await settle();
    expect(newer.outcome).toBe('hello');
  });
});

describe('a server that drains', () => {
  test('ends held polls with empty batches, spread over the drain time, and answers later polls at once', async () => {
    const fixture = await open();
    const members = await fixture.storeFixture.joinAll('a', 'b', 'c', 'd', 'e');
    await fixture.storeFixture.acknowledgeAll(...members);
    const held = [];
    for (const member of members) held.push(await fixture.poll(member, { windowMs: 60_000 }));
    const startMs = fixture.storeFixture.clock.steadyMs();
    void fixture.drain(1_000);
    await fixture.storeFixture.clock.advance(1_000);
    expect(held.map(({ outcome }) => outcome)).toEqual(members.map(() => 'nothing'));
    expect(new Set(held.map(({ endedAtMs }) => endedAtMs)).size).toBe(5);
    expect(Math.max(...held.map(({ endedAtMs }) => endedAtMs ?? Infinity))).toBeLessThanOrEqual(startMs + 1_000);
    const late = await fixture.poll(members[0]);
    expect(late.batch).toMatchObject({ messages: [], more: false });
    expect([fixture.waiters.size, fixture.storeFixture.clock.timers]).toEqual([0, 0]);
  });

  test('still delivers messages to held polls', async () => {
    const fixture = await open();
    const members = await fixture.storeFixture.joinAll('a', 'b', 'c');
    await fixture.storeFixture.acknowledgeAll(...members);
    const held = [];
    for (const member of members) held.push(await fixture.poll(member, { windowMs: 60_000 }));
    void fixture.drain(3_000);
    await fixture.storeFixture.clock.advance(10);
    const waiting = held.findIndex(({ outcome }) => outcome === undefined);
    const [sender, recipient] = [members[(waiting + 1) % 3], members[waiting]];
    if (sender === undefined || recipient === undefined) throw new Error('no poll is held');
    await fixture.storeFixture.send(sender, outgoing('just in time', { to: recipient.mailbox.participantId }));
    await settle();
    expect(held[waiting]?.outcome).toBe('just in time');
    await fixture.storeFixture.clock.advance(3_000);
  });
});
