import { describe, expect, test } from '@jest/globals';
import { roomId, type Member, type OpenFixture, type StoreFixture } from '../store-fixture.ts';

/** Maximum delay until the store detects a departure. */
const SLACK_MS = 1_000;

async function isThere(fixture: StoreFixture, { mailbox }: Member): Promise<boolean> {
  await fixture.sweep();
  return (await fixture.roster(mailbox.roomId)).includes(mailbox.participantId);
}

async function listens(fixture: StoreFixture, { mailbox }: Member): Promise<boolean | undefined> {
  const participants = await fixture.store.participants(roomId(mailbox.roomId));
  return participants.find(({ participantId }) => participantId === mailbox.participantId)?.listening;
}

/** Checks that the participant listens for exactly `forMs` from now on. */
async function listensFor(fixture: StoreFixture, member: Member, ms: number): Promise<boolean> {
  await fixture.clock.advance(ms - 1);
  const before = await listens(fixture, member);
  await fixture.clock.advance(1);
  return before === true && (await listens(fixture, member)) === false;
}

/** Checks that the participant is present until `dueMs` from now, and gone a moment later. */
async function goesAfter(fixture: StoreFixture, member: Member, dueMs: number): Promise<void> {
  await fixture.clock.advance(dueMs - 1);
  expect(await isThere(fixture, member)).toBe(true);
  await fixture.clock.advance(1 + SLACK_MS);
  expect(await isThere(fixture, member)).toBe(false);
}

export function presence(open: OpenFixture): void {
  describe('a participant', () => {
    test('times out its idle timeout after joining', async () => {
      const fixture = await open();
      await goesAfter(fixture, await fixture.join('alice', { idleTimeoutMs: 7_000 }), 7_000);
    });

    test('times out its idle timeout after its last request', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 7_000 });
      for (let request = 0; request < 5; request += 1) {
        await fixture.clock.advance(6_500);
        fixture.store.touch(alice.mailbox);
        expect(await isThere(fixture, alice)).toBe(true);
      }
      await goesAfter(fixture, alice, 7_000);
    });

    test('does not time out while its poll is held, however short its idle timeout is', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 1_000 });
      const poll = fixture.store.openPoll(alice.mailbox);
      poll.hold(50_000);
      for (let second = 0; second < 50; second += 1) {
        await fixture.clock.advance(1_000);
        expect(await isThere(fixture, alice)).toBe(true);
      }
      poll.end('answered');
      await goesAfter(fixture, alice, 1_000);
    });

    test('times out its idle timeout after an early end of its poll, not after the window', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 2_000 });
      const poll = fixture.store.openPoll(alice.mailbox);
      poll.hold(50_000);
      await fixture.clock.advance(3_000);
      expect(await isThere(fixture, alice)).toBe(true);
      poll.end('answered');
      await goesAfter(fixture, alice, 2_000);
    });

    test('times out its idle timeout after the window if its process died with its poll', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 2_000 });
      fixture.store.openPoll(alice.mailbox).hold(10_000);
      await goesAfter(fixture, alice, 12_000);
    });

    test('restarts its idle time when it resumes, with the new timeout', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 30_000 });
      await fixture.clock.advance(10_000);
      await goesAfter(fixture, await fixture.rejoin(alice, { resume: true, idleTimeoutMs: 3_000 }), 3_000);
    });

    test('times out by the new timeout when it resumed while its poll was held', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 30_000 });
      const poll = fixture.store.openPoll(alice.mailbox);
      poll.hold(50_000);
      const again = await fixture.rejoin(alice, { resume: true, idleTimeoutMs: 3_000 });
      poll.end('answered');
      await goesAfter(fixture, again, 3_000);
    });

    test('restarts its idle time when it takes over', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice', { idleTimeoutMs: 5_000 });
      await fixture.clock.advance(4_900);
      await goesAfter(fixture, await fixture.rejoin(alice, { idleTimeoutMs: 5_000 }), 5_000);
    });

    test('that timed out is announced with this reason, which its token reports too', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const bob = await fixture.join('bob', { idleTimeoutMs: 1_000 });
      await fixture.passTime(2_000, alice);
      expect(await fixture.inbox(alice)).toEqual(['joined bob', 'left bob timeout']);
      expect(await fixture.tokenState(bob)).toBe('gone timeout');
    });

    test('is not kept by requests of an earlier incarnation', async () => {
      const fixture = await open();
      const old = await fixture.join('alice');
      const alice = await fixture.rejoin(old, { idleTimeoutMs: 5_000 });
      await fixture.clock.advance(2_500);
      const poll = fixture.store.openPoll(old.mailbox);
      poll.hold(50_000);
      fixture.store.touch(old.mailbox);
      poll.end('answered');
      expect(await listens(fixture, alice)).toBe(false);
      await goesAfter(fixture, alice, 2_500);
    });

    test('does not time out when the wall clock jumps', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      for (const jumpMs of [3_600_000, -7_200_000]) {
        fixture.clock.jumpWall(jumpMs);
        expect(await isThere(fixture, alice)).toBe(true);
      }
    });

    test('times out with a thousand others in slices, and all rooms are empty then', async () => {
      const fixture = await open();
      for (let room = 0; room < 100; room += 1)
        await Promise.all(Array.from({ length: 10 }, (_, id) => fixture.join(`${id}`, { room: `room-${room}` })));
      await fixture.clock.advance(60_000 + SLACK_MS);
      let slices = 1;
      while (await fixture.store.sweep()) slices += 1;
      expect(slices).toBeGreaterThan(1);
      const rosters = await Promise.all(Array.from({ length: 100 }, (_, room) => fixture.roster(`room-${room}`)));
      expect(rosters.flat()).toEqual([]);
    });
  });

  describe('listening', () => {
    test('is true while a poll is held', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      expect(await listens(fixture, alice)).toBe(false);
      fixture.store.openPoll(alice.mailbox).hold(25_000);
      expect(await listens(fixture, alice)).toBe(true);
      await fixture.clock.advance(24_999);
      expect(await listens(fixture, alice)).toBe(true);
    });

    test('stays true for 5 s after a poll was answered', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const poll = fixture.store.openPoll(alice.mailbox);
      poll.hold(25_000);
      await fixture.clock.advance(1_000);
      poll.end('answered');
      expect(await listensFor(fixture, alice, 5_000)).toBe(true);
    });

    test('stays true for 5 s after a poll was answered at once', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      fixture.store.openPoll(alice.mailbox).end('answered');
      expect(await listensFor(fixture, alice, 5_000)).toBe(true);
    });

    test('stays true for 1 s after the connection of a held poll closed', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const poll = fixture.store.openPoll(alice.mailbox);
      poll.hold(25_000);
      await fixture.clock.advance(10_000);
      poll.end('cut');
      expect(await listensFor(fixture, alice, 1_000)).toBe(true);
    });

    test('ends 1 s after a held poll was cut, even if the poll before it had just been answered', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      fixture.store.openPoll(alice.mailbox).end('answered');
      const poll = fixture.store.openPoll(alice.mailbox);
      poll.hold(25_000);
      poll.end('cut');
      expect(await listensFor(fixture, alice, 1_000)).toBe(true);
    });

    test('stays true when another poll is held within 1 s of a cut', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const poll = fixture.store.openPoll(alice.mailbox);
      poll.hold(25_000);
      poll.end('cut');
      await fixture.clock.advance(999);
      fixture.store.openPoll(alice.mailbox).hold(25_000);
      await fixture.clock.advance(20_000);
      expect(await listens(fixture, alice)).toBe(true);
    });

    test('is not changed by a poll that is refused, or cut before it was held', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      for (const outcome of ['other', 'cut'] as const) {
        fixture.store.openPoll(alice.mailbox).end(outcome);
        expect(await listens(fixture, alice)).toBe(false);
      }
      fixture.store.openPoll(alice.mailbox).end('answered');
      await fixture.clock.advance(2_000);
      for (const outcome of ['other', 'cut'] as const) fixture.store.openPoll(alice.mailbox).end(outcome);
      expect(await listensFor(fixture, alice, 3_000)).toBe(true);
    });

    test('does not end with a poll while an older one is still held', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const held = fixture.store.openPoll(alice.mailbox);
      held.hold(25_000);
      fixture.store.openPoll(alice.mailbox).end('cut');
      await fixture.clock.advance(20_000);
      expect(await listens(fixture, alice)).toBe(true);
      held.end('cut');
      expect(await listensFor(fixture, alice, 1_000)).toBe(true);
    });

    test('does not end with a poll that a newer one superseded', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const [older, newer] = [fixture.store.openPoll(alice.mailbox), fixture.store.openPoll(alice.mailbox)];
      older.hold(25_000);
      newer.hold(25_000);
      older.end('cut');
      await fixture.clock.advance(20_000);
      expect(await listens(fixture, alice)).toBe(true);
    });

    test('is decided by a poll that is answered at once, not by the held one that it superseded', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      const [held, newer] = [fixture.store.openPoll(alice.mailbox), fixture.store.openPoll(alice.mailbox)];
      held.hold(25_000);
      newer.supersedeOthers();
      newer.end('answered');
      held.end('other');
      expect(await listensFor(fixture, alice, 5_000)).toBe(true);
    });

    test('is not set by other requests', async () => {
      const fixture = await open();
      const alice = await fixture.join('alice');
      fixture.store.touch(alice.mailbox);
      expect(await listens(fixture, alice)).toBe(false);
    });
  });
}
