import { describe, expect, test } from '@jest/globals';
import type { Cursor } from '../../src/signalling/cursor.ts';
import type { Joined, StoreAdapter } from '../../src/signalling/store.ts';
import { settle } from '../support/clock.ts';
import { openMemoryStore, replacing } from '../support/store.ts';
import { outgoing, summaryOf, numbered, fixtures } from '../store-contract/store-fixture.ts';
import { desks, type Desk } from './desk.ts';

const open = desks(fixtures(openMemoryStore));

/** A store on which something happens once, between a read and its answer. */
const interrupting =
  (interruption: { act?: (() => Promise<unknown>) | undefined }) =>
  (store: StoreAdapter): StoreAdapter =>
    replacing(store, {
      async read(mailbox, range) {
        const page = await store.read(mailbox, range);
        const { act } = interruption;
        interruption.act = undefined;
        await act?.();
        return page;
      },
    });

describe('a message that is committed', () => {
  test('between the read and the hold is delivered at once', async () => {
    const interruption: { act?: () => Promise<unknown> } = {};
    const desk = await open({ wrap: interrupting(interruption) });
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    interruption.act = () => desk.fixture.send(alice, outgoing('in between'));
    expect((await desk.poll(bob)).said).toBe('in between');
  });

  test('while a held poll reads in vain is delivered at once', async () => {
    const interruption: { act?: () => Promise<unknown> } = {};
    const desk = await open({ wrap: interrupting(interruption) });
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const held = await desk.poll(bob);
    interruption.act = () => desk.fixture.send(alice, outgoing('in between'));
    desk.waiters.wake(bob.mailbox.mailboxId);
    await settle();
    expect(held.said).toBe('in between');
  });

  test('and whose hint is lost is delivered at the end of the window at the latest', async () => {
    const desk = await open({ onHint: () => undefined });
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const held = await desk.poll(bob, { windowMs: 25_000 });
    await desk.fixture.send(alice, outgoing('late'));
    await desk.fixture.clock.advance(22_000);
    expect(held.said).toBeUndefined();
    await desk.fixture.clock.advance(3_000);
    expect(held.said).toBe('late');
  });

  test('and is hinted at twice is delivered once', async () => {
    const desk = await open({
      onHint: (_, pass) => {
        pass();
        pass();
      },
    });
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const held = await desk.poll(bob);
    await desk.fixture.send(alice, outgoing('once'));
    await settle();
    expect(held.said).toBe('once');
    const next = await desk.poll(bob, held.cursor && { after: held.cursor });
    await desk.fixture.clock.advance(1_000);
    expect(next.said).toBeUndefined();
  });

  test('a hint at nothing lets the poll wait on, no longer than its window', async () => {
    const desk = await open();
    const bob = await desk.fixture.join('bob');
    const held = await desk.poll(bob, { windowMs: 10_000 });
    for (let second = 0; second < 8; second += 1) {
      desk.waiters.wake(bob.mailbox.mailboxId);
      await desk.fixture.clock.advance(1_000);
      expect(held.said).toBeUndefined();
    }
    await desk.fixture.clock.advance(2_000);
    expect(held.said).toBe('nothing');
  });
});

describe('two polls of one mailbox', () => {
  test('the newest wins; the older one is told at once, and nothing is lost', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const older = await desk.poll(bob);
    const newer = await desk.poll(bob);
    expect([older.said, newer.said]).toEqual(['poll-superseded', undefined]);
    await desk.fixture.send(alice, outgoing('hello'));
    await settle();
    expect(newer.said).toBe('hello');
    expect(desk.waiters.size).toBe(0);
  });

  test('of many at the same moment the last one is held', async () => {
    const desk = await open();
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const polls = Array.from({ length: 6 }, () => desk.begin(bob));
    await settle();
    expect(polls.map(({ said }) => said)).toEqual([...Array<string>(5).fill('poll-superseded'), undefined]);
    await desk.fixture.send(alice, outgoing('hello'));
    await settle();
    expect(polls.at(-1)?.said).toBe('hello');
    expect([desk.waiters.size, desk.fixture.clock.timers]).toEqual([0, 0]);
  });

  test('one that is answered at once supersedes too', async () => {
    const desk = await open();
    const bob = await desk.fixture.join('bob');
    const older = await desk.poll(bob);
    expect((await desk.poll(bob, { windowMs: 0 })).said).toBe('nothing');
    expect(older.said).toBe('poll-superseded');
  });

  test('while they change places, the participant never stops listening', async () => {
    const desk = await open();
    const { fixture } = desk;
    const bob = await fixture.join('bob', { idleTimeoutMs: 1_000 });
    for (let second = 0; second < 10; second += 1) {
      await desk.poll(bob, { windowMs: 20_000 });
      await fixture.passTime(1_500);
      expect(await fixture.store.participants(bob.mailbox.roomId)).toMatchObject([{ listening: true }]);
    }
  });

  test('of two tabs that share a token none is locked out, and there is no storm', async () => {
    const desk = await open({ paced: true });
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const tabs = [new Tab(desk, bob), new Tab(desk, bob)];
    await desk.fixture.clock.advance(20_000);
    const polls = tabs.reduce((sum, { polls: count }) => sum + count, 0);
    expect(polls).toBeLessThanOrEqual(50 + 2 * 5 * 20 + 10);
    await desk.fixture.send(alice, ...numbered(3));
    await desk.fixture.clock.advance(1_000);
    expect(new Set(tabs.flatMap(({ seen }) => seen))).toEqual(new Set(['1', '2', '3']));
    for (const one of tabs) one.stop();
    await desk.fixture.clock.advance(25_000);
  });
});

/** Polls again as soon as it was answered, by the cursor that it was given last. */
class Tab {
  polls = 0;
  readonly seen: string[] = [];
  #running = true;

  constructor(desk: Desk, reader: Joined) {
    void this.#run(desk, reader);
  }

  stop(): void {
    this.#running = false;
  }

  async #run(desk: Desk, reader: Joined): Promise<void> {
    let after: Cursor | undefined;
    while (this.#running) {
      this.polls += 1;
      const polled = desk.begin(reader, after && { after });
      while (polled.endedAtMs === undefined) await new Promise<void>((resolve) => desk.fixture.clock.after(1, resolve));
      this.seen.push(...(polled.batch?.messages.map(summaryOf) ?? []));
      if (polled.error?.code === 'cursor-expired') after = undefined;
      else after = polled.cursor ?? after;
    }
  }
}

describe('the cap of held polls', () => {
  test('refuses one too many, and those who are served stay served', async () => {
    const desk = await open({ maxHeldPolls: 2 });
    const [alice, bob, carol] = await desk.fixture.joinAll('alice', 'bob', 'carol');
    await desk.fixture.acknowledgeAll(alice, bob, carol);
    const held = [await desk.poll(alice), await desk.poll(bob)];
    expect((await desk.poll(carol)).said).toBe('too-many-polls');
    expect(held.map(({ said }) => said)).toEqual([undefined, undefined]);
    expect((await desk.poll(carol, { windowMs: 0 })).said).toBe('nothing');

    await desk.fixture.send(carol, outgoing('hello'));
    await settle();
    expect(held.map(({ said }) => said)).toEqual(['hello', 'hello']);
    expect((await desk.poll(carol)).said).toBeUndefined();
  });

  test('lets one who is served take over its own poll', async () => {
    const desk = await open({ maxHeldPolls: 1 });
    const [alice, bob] = await desk.fixture.joinAll('alice', 'bob');
    const older = await desk.poll(bob);
    const newer = await desk.poll(bob);
    expect([older.said, newer.said]).toEqual(['poll-superseded', undefined]);
    await desk.fixture.send(alice, outgoing('hello'));
    await settle();
    expect(newer.said).toBe('hello');
  });
});

describe('a server that drains', () => {
  test('answers held polls with empty batches, spread over the time, and later ones at once', async () => {
    const desk = await open();
    const members = await desk.fixture.joinAll('a', 'b', 'c', 'd', 'e');
    await desk.fixture.acknowledgeAll(...members);
    const held = [];
    for (const member of members) held.push(await desk.poll(member, { windowMs: 60_000 }));
    const startMs = desk.fixture.clock.steadyMs();
    void desk.drain(1_000);
    await desk.fixture.clock.advance(1_000);
    expect(held.map(({ said }) => said)).toEqual(members.map(() => 'nothing'));
    expect(new Set(held.map(({ endedAtMs }) => endedAtMs)).size).toBe(5);
    expect(Math.max(...held.map(({ endedAtMs }) => endedAtMs ?? Infinity))).toBeLessThanOrEqual(startMs + 1_000);
    const late = await desk.poll(members[0]);
    expect(late.batch).toMatchObject({ messages: [], more: false });
    expect([desk.waiters.size, desk.fixture.clock.timers]).toEqual([0, 0]);
  });

  test('still delivers what arrives meanwhile', async () => {
    const desk = await open();
    const members = await desk.fixture.joinAll('a', 'b', 'c');
    await desk.fixture.acknowledgeAll(...members);
    const held = [];
    for (const member of members) held.push(await desk.poll(member, { windowMs: 60_000 }));
    void desk.drain(3_000);
    await desk.fixture.clock.advance(10);
    const waiting = held.findIndex(({ said }) => said === undefined);
    const [sender, recipient] = [members[(waiting + 1) % 3], members[waiting]];
    if (sender === undefined || recipient === undefined) throw new Error('nobody waits');
    await desk.fixture.send(sender, outgoing('just in time', { to: recipient.mailbox.participantId }));
    await settle();
    expect(held[waiting]?.said).toBe('just in time');
    await desk.fixture.clock.advance(3_000);
  });
});
