import { describe, expect, test } from '@jest/globals';
import { roomId, type Member, type OpenScene, type Scene } from '../scene.ts';

/** How late a departure may be noticed. */
const SLACK_MS = 1_000;

async function isThere(scene: Scene, { mailbox }: Member): Promise<boolean> {
  await scene.sweep();
  return (await scene.roster(mailbox.roomId)).includes(mailbox.participantId);
}

async function listens(scene: Scene, { mailbox }: Member): Promise<boolean | undefined> {
  const participants = await scene.store.participants(roomId(mailbox.roomId));
  return participants.find(({ participantId }) => participantId === mailbox.participantId)?.listening;
}

/** Checks that the participant listens for exactly `forMs` from now on. */
async function listensFor(scene: Scene, member: Member, ms: number): Promise<boolean> {
  await scene.clock.advance(ms - 1);
  const before = await listens(scene, member);
  await scene.clock.advance(1);
  return before === true && (await listens(scene, member)) === false;
}

/** There until `dueMs` from now, gone a moment after. */
async function goesAfter(scene: Scene, member: Member, dueMs: number): Promise<void> {
  await scene.clock.advance(dueMs - 1);
  expect(await isThere(scene, member)).toBe(true);
  await scene.clock.advance(1 + SLACK_MS);
  expect(await isThere(scene, member)).toBe(false);
}

export function presence(open: OpenScene): void {
  describe('a participant', () => {
    test('goes its idle time after joining', async () => {
      const scene = await open();
      await goesAfter(scene, await scene.join('alice', { idleTimeoutMs: 7_000 }), 7_000);
    });

    test('goes its idle time after its last request', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 7_000 });
      for (let request = 0; request < 5; request += 1) {
        await scene.clock.advance(6_500);
        scene.store.touch(alice.mailbox);
        expect(await isThere(scene, alice)).toBe(true);
      }
      await goesAfter(scene, alice, 7_000);
    });

    test('never goes while its poll is held, however short its idle time is', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 1_000 });
      const poll = scene.store.openPoll(alice.mailbox);
      poll.hold(50_000);
      for (let second = 0; second < 50; second += 1) {
        await scene.clock.advance(1_000);
        expect(await isThere(scene, alice)).toBe(true);
      }
      poll.end('answered');
      await goesAfter(scene, alice, 1_000);
    });

    test('whose poll ended early goes its idle time after that, not after the window', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 2_000 });
      const poll = scene.store.openPoll(alice.mailbox);
      poll.hold(50_000);
      await scene.clock.advance(3_000);
      expect(await isThere(scene, alice)).toBe(true);
      poll.end('answered');
      await goesAfter(scene, alice, 2_000);
    });

    test('whose process died with its poll goes its idle time after the window', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 2_000 });
      scene.store.openPoll(alice.mailbox).hold(10_000);
      await goesAfter(scene, alice, 12_000);
    });

    test('who resumes begins its idle time anew, by the new timeout', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 30_000 });
      await scene.clock.advance(10_000);
      await goesAfter(scene, await scene.rejoin(alice, { resume: true, idleTimeoutMs: 3_000 }), 3_000);
    });

    test('who resumes while its poll is held goes by the new timeout once that has ended', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 30_000 });
      const poll = scene.store.openPoll(alice.mailbox);
      poll.hold(50_000);
      const again = await scene.rejoin(alice, { resume: true, idleTimeoutMs: 3_000 });
      poll.end('answered');
      await goesAfter(scene, again, 3_000);
    });

    test('who takes over an idle one begins its idle time anew', async () => {
      const scene = await open();
      const alice = await scene.join('alice', { idleTimeoutMs: 5_000 });
      await scene.clock.advance(4_900);
      await goesAfter(scene, await scene.rejoin(alice, { idleTimeoutMs: 5_000 }), 5_000);
    });

    test('who timed out is announced as such, and so says its token', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const bob = await scene.join('bob', { idleTimeoutMs: 1_000 });
      await scene.pass(2_000, alice);
      expect(await scene.inbox(alice)).toEqual(['joined bob', 'left bob timeout']);
      expect(await scene.tokenState(bob)).toBe('gone timeout');
    });

    test('is not kept by what an earlier one of its name still does', async () => {
      const scene = await open();
      const old = await scene.join('alice');
      const alice = await scene.rejoin(old, { idleTimeoutMs: 5_000 });
      await scene.clock.advance(2_500);
      const poll = scene.store.openPoll(old.mailbox);
      poll.hold(50_000);
      scene.store.touch(old.mailbox);
      poll.end('answered');
      expect(await listens(scene, alice)).toBe(false);
      await goesAfter(scene, alice, 2_500);
    });

    test('does not go because the wall clock jumped', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      for (const jumpMs of [3_600_000, -7_200_000]) {
        scene.clock.jumpWall(jumpMs);
        expect(await isThere(scene, alice)).toBe(true);
      }
    });

    test('goes with a thousand others in slices, and all rooms are empty then', async () => {
      const scene = await open();
      for (let room = 0; room < 100; room += 1)
        await Promise.all(Array.from({ length: 10 }, (_, id) => scene.join(`${id}`, { room: `room-${room}` })));
      await scene.clock.advance(60_000 + SLACK_MS);
      let slices = 1;
      while (await scene.store.sweep()) slices += 1;
      expect(slices).toBeGreaterThan(1);
      const rosters = await Promise.all(Array.from({ length: 100 }, (_, room) => scene.roster(`room-${room}`)));
      expect(rosters.flat()).toEqual([]);
    });
  });

  describe('listening', () => {
    test('is true while a poll is held', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      expect(await listens(scene, alice)).toBe(false);
      scene.store.openPoll(alice.mailbox).hold(25_000);
      expect(await listens(scene, alice)).toBe(true);
      await scene.clock.advance(24_999);
      expect(await listens(scene, alice)).toBe(true);
    });

    test('stays true for 5 s after a poll was answered', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const poll = scene.store.openPoll(alice.mailbox);
      poll.hold(25_000);
      await scene.clock.advance(1_000);
      poll.end('answered');
      expect(await listensFor(scene, alice, 5_000)).toBe(true);
    });

    test('stays true for 5 s after a poll was answered that was not held', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      scene.store.openPoll(alice.mailbox).end('answered');
      expect(await listensFor(scene, alice, 5_000)).toBe(true);
    });

    test('stays true for 1 s after the connection of a held poll closed', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const poll = scene.store.openPoll(alice.mailbox);
      poll.hold(25_000);
      await scene.clock.advance(10_000);
      poll.end('cut');
      expect(await listensFor(scene, alice, 1_000)).toBe(true);
    });

    test('ends 1 s after a held poll was cut, even if the poll before it had just been answered', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      scene.store.openPoll(alice.mailbox).end('answered');
      const poll = scene.store.openPoll(alice.mailbox);
      poll.hold(25_000);
      poll.end('cut');
      expect(await listensFor(scene, alice, 1_000)).toBe(true);
    });

    test('stays true when another poll is held within 1 s of a cut', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const poll = scene.store.openPoll(alice.mailbox);
      poll.hold(25_000);
      poll.end('cut');
      await scene.clock.advance(999);
      scene.store.openPoll(alice.mailbox).hold(25_000);
      await scene.clock.advance(20_000);
      expect(await listens(scene, alice)).toBe(true);
    });

    test('is not changed by a poll that is refused, or cut before it was held', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      for (const outcome of ['other', 'cut'] as const) {
        scene.store.openPoll(alice.mailbox).end(outcome);
        expect(await listens(scene, alice)).toBe(false);
      }
      scene.store.openPoll(alice.mailbox).end('answered');
      await scene.clock.advance(2_000);
      for (const outcome of ['other', 'cut'] as const) scene.store.openPoll(alice.mailbox).end(outcome);
      expect(await listensFor(scene, alice, 3_000)).toBe(true);
    });

    test('does not end with a poll while an older one is still held', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const held = scene.store.openPoll(alice.mailbox);
      held.hold(25_000);
      scene.store.openPoll(alice.mailbox).end('cut');
      await scene.clock.advance(20_000);
      expect(await listens(scene, alice)).toBe(true);
      held.end('cut');
      expect(await listensFor(scene, alice, 1_000)).toBe(true);
    });

    test('does not end with a poll that a newer one superseded', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const [older, newer] = [scene.store.openPoll(alice.mailbox), scene.store.openPoll(alice.mailbox)];
      older.hold(25_000);
      newer.hold(25_000);
      older.end('cut');
      await scene.clock.advance(20_000);
      expect(await listens(scene, alice)).toBe(true);
    });

    test('is decided by a poll that is answered at once, not by the held one that it superseded', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      const [held, newer] = [scene.store.openPoll(alice.mailbox), scene.store.openPoll(alice.mailbox)];
      held.hold(25_000);
      newer.supersedeOthers();
      newer.end('answered');
      held.end('other');
      expect(await listensFor(scene, alice, 5_000)).toBe(true);
    });

    test('is not what other requests are', async () => {
      const scene = await open();
      const alice = await scene.join('alice');
      scene.store.touch(alice.mailbox);
      expect(await listens(scene, alice)).toBe(false);
    });
  });
}
