import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MailboxId, RoomId } from '../../src/signalling/ids.ts';
import { Waiters, type WaitEnd, type Waiter } from '../../src/signalling/waiters.ts';
import { TestClock } from '../support/clock.ts';
import { ListeningWaiter } from './listening-waiter.ts';

const A = 'mailbox-a' as MailboxId;
const B = 'mailbox-b' as MailboxId;
const LEFT: WaitEnd = { kind: 'gone', reason: 'left' };
const SUPERSEDED: WaitEnd = { kind: 'superseded' };

function listening(...mailboxes: readonly MailboxId[]) {
  const waiters = new Waiters(new TestClock());
  const all = mailboxes.map((mailboxId) => new ListeningWaiter(waiters, mailboxId));
  return { waiters, all, ends: () => all.map(({ ended }) => ended) };
}

describe('the waiters of a mailbox', () => {
  test('are all woken by a message, and no others are', () => {
    const { waiters, all } = listening(A, A, B);
    waiters.wake(A);
    expect(all.map(({ woken }) => woken)).toEqual([1, 1, 0]);
  });

  test('all end when their participant leaves, and no others do', () => {
    const { waiters, ends } = listening(A, A, B);
    waiters.end(A, LEFT);
    expect(ends()).toEqual([LEFT, LEFT, undefined]);
    expect([waiters.has(A), waiters.has(B), waiters.size]).toEqual([false, true, 1]);
  });

  test('end when a newer waiter supersedes them; still newer waiters do not', () => {
    const { waiters, all, ends } = listening(A, A, A, A);
    if (all[2] !== undefined) waiters.supersede(all[2]);
    expect(ends()).toEqual([SUPERSEDED, SUPERSEDED, undefined, undefined]);
    expect(waiters.size).toBe(2);
  });

  test('end when another process holds a newer poll, unless they are not held yet', () => {
    const { waiters, ends, all } = listening(A);
    const held = new ListeningWaiter(waiters, A, { heldFromMs: 1 });
    waiters.supersedeHeld(A);
    expect([...ends(), held.ended]).toEqual([undefined, SUPERSEDED]);
    expect(all[0]?.older).toBeUndefined();
  });

  test('are known by room while they are held, with the time since then', async () => {
    const clock = new TestClock();
    const waiters = new Waiters(clock);
    const held = new ListeningWaiter(waiters, A, { heldFromMs: clock.steadyMs() });
    new ListeningWaiter(waiters, B);
    await clock.advance(1_500);
    const { roomId, participantId } = held.mailbox;
    expect(waiters.heldIn(roomId)).toEqual([{ participantId, transport: 'poll', heldMs: 1_500 }]);
    expect(waiters.heldIn('another' as RoomId)).toEqual([]);
    waiters.leave(held);
    expect(waiters.heldIn(roomId)).toEqual([]);
  });

  test('are not counted once superseded, even if they supersede others later', () => {
    const { waiters, all } = listening(A, A, A);
    const [oldest, older, newest] = all as Waiter[] as [Waiter, Waiter, Waiter];
    waiters.supersede(newest);
    waiters.supersede(older);
    expect(waiters.size).toBe(1);
    for (const waiter of [oldest, older]) waiters.leave(waiter);
    expect(waiters.size).toBe(1);
    expect(waiters.has(A)).toBe(true);
    waiters.leave(newest);
    expect([waiters.size, waiters.has(A)]).toEqual([0, false]);
  });

  test('are counted and found correctly in any order of listen, leave and supersede', () => {
    const step = fc.record({
      kind: fc.constantFrom('listen', 'leave', 'supersede'),
      mailboxId: fc.constantFrom(A, B),
      at: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const waiters = new Waiters(new TestClock());
        /** All waiters that have not left, including superseded ones. */
        const all = { [A]: [] as Waiter[], [B]: [] as Waiter[] };
        const counted = new Set<Waiter>();
        for (const { kind, mailboxId, at } of steps) {
          const here = all[mailboxId] ?? [];
          const chosen = here[at % Math.max(1, here.length)];
          if (kind === 'listen') {
            const waiter = new ListeningWaiter(waiters, mailboxId);
            here.push(waiter);
            counted.add(waiter);
          } else if (chosen !== undefined && kind === 'leave') {
            waiters.leave(chosen);
            here.splice(here.indexOf(chosen), 1);
            counted.delete(chosen);
          } else if (chosen !== undefined) {
            waiters.supersede(chosen);
            if (counted.has(chosen)) for (const older of here.slice(0, here.indexOf(chosen))) counted.delete(older);
          }
          expect(waiters.size).toBe(counted.size);
          for (const id of [A, B]) expect(waiters.has(id)).toBe((all[id] ?? []).some((waiter) => counted.has(waiter)));
        }
      }),
      { numRuns: 500 },
    );
  });
});
