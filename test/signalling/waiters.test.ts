import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MailboxId } from '../../src/signalling/ids.ts';
import { Waiters, type WaitEnd, type Waiter } from '../../src/signalling/waiters.ts';
import { settle, TestClock } from '../support/clock.ts';

const A = 'mailbox-a' as MailboxId;
const B = 'mailbox-b' as MailboxId;
const LEFT: WaitEnd = { kind: 'gone', reason: 'left' };
const HUNG_UP: WaitEnd = { kind: 'hung-up' };

function setUp() {
  const clock = new TestClock();
  const waiters = new Waiters(clock);
  const in10s = (): number => clock.steadyMs() + 10_000;
  return { clock, waiters, in10s };
}

/** `value` is that of the promise, once it is settled. */
function watched<T>(promise: Promise<T>): { readonly value: T | undefined } {
  const seen: { value: T | undefined } = { value: undefined };
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

describe('a waiter', () => {
  test('waits until it is woken', async () => {
    const { clock, waiters, in10s } = setUp();
    const waited = watched(waiters.listen(A).next(in10s()));
    await clock.advance(9_999);
    expect(waited.value).toBeUndefined();
    waiters.wake(A);
    await settle();
    expect(waited.value).toEqual({ kind: 'message' });
    expect(clock.timers).toBe(0);
  });

  test('ends with its window', async () => {
    const { clock, waiters, in10s } = setUp();
    const waited = watched(waiters.listen(A).next(in10s()));
    await clock.advance(10_000);
    expect(waited.value).toEqual({ kind: 'window' });
    expect(clock.timers).toBe(0);
  });

  test('does not wait if its window has passed', async () => {
    const { clock, waiters } = setUp();
    expect(await waiters.listen(A).next(clock.steadyMs())).toEqual({ kind: 'window' });
  });

  test('remembers one wake-up that came while it did not wait', async () => {
    const { clock, waiters, in10s } = setUp();
    const waiter = waiters.listen(A);
    waiters.wake(A);
    waiters.wake(A);
    expect(await waiter.next(in10s())).toEqual({ kind: 'message' });
    const waited = watched(waiter.next(in10s()));
    await settle();
    expect(waited.value).toBeUndefined();
    await clock.advance(10_000);
    expect(waited.value).toEqual({ kind: 'window' });
  });

  test('keeps its first end', async () => {
    const { waiters, in10s } = setUp();
    const waiter = waiters.listen(A);
    waiter.end(LEFT);
    waiter.end(HUNG_UP);
    waiter.wake();
    expect(await waiter.next(in10s())).toEqual(LEFT);
    expect(await waiter.next(in10s())).toEqual(LEFT);
    expect(await waiter.pace(200)).toEqual(LEFT);
    expect(waiter.ended).toEqual(LEFT);
  });

  test('is paced for its full delay, even when messages arrive', async () => {
    const { clock, waiters } = setUp();
    const waiter = waiters.listen(A);
    waiters.wake(A);
    const paced = watched(waiter.pace(200));
    await clock.advance(100);
    waiters.wake(A);
    await clock.advance(99);
    expect(paced.value).toBeUndefined();
    await clock.advance(1);
    expect(paced.value).toEqual({ kind: 'window' });
  });

  test('stops pacing when it ends', async () => {
    const { clock, waiters } = setUp();
    const waiter = waiters.listen(A);
    const paced = watched(waiter.pace(200));
    await clock.advance(50);
    waiter.end(HUNG_UP);
    await settle();
    expect(paced.value).toEqual(HUNG_UP);
    expect(clock.timers).toBe(0);
  });
});

describe('the waiters of a mailbox', () => {
  test('are all woken by a message, and no others are', async () => {
    const { waiters, in10s } = setUp();
    const [one, other, elsewhere] = [A, A, B].map((mailboxId) => watched(waiters.listen(mailboxId).next(in10s())));
    waiters.wake(A);
    await settle();
    expect([one?.value, other?.value, elsewhere?.value]).toEqual([{ kind: 'message' }, { kind: 'message' }, undefined]);
  });

  test('all end when their participant leaves, and no others do', async () => {
    const { waiters, in10s } = setUp();
    const [one, other, elsewhere] = [A, A, B].map((mailboxId) => watched(waiters.listen(mailboxId).next(in10s())));
    waiters.end(A, LEFT);
    await settle();
    expect([one?.value, other?.value, elsewhere?.value]).toEqual([LEFT, LEFT, undefined]);
  });

  test('end when a newer waiter supersedes them; still newer waiters do not', async () => {
    const { waiters, in10s } = setUp();
    const chain = [A, A, A, A].map((mailboxId) => waiters.listen(mailboxId));
    const waited = chain.map((waiter) => watched(waiter.next(in10s())));
    if (chain[2] !== undefined) waiters.supersede(chain[2]);
    await settle();
    const superseded = { kind: 'superseded' };
    expect(waited.map(({ value }) => value)).toEqual([superseded, superseded, undefined, undefined]);
    expect(waiters.size).toBe(2);
  });

  test('are not counted once superseded, even if they supersede others later', () => {
    const { waiters } = setUp();
    const [oldest, older, newest] = [A, A, A].map((mailboxId) => waiters.listen(mailboxId)) as [Waiter, Waiter, Waiter];
    waiters.supersede(newest);
    waiters.supersede(older);
    expect(waiters.size).toBe(1);
    for (const waiter of [oldest, older]) waiters.leave(A, waiter);
    expect(waiters.size).toBe(1);
    expect(waiters.has(A)).toBe(true);
    waiters.leave(A, newest);
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
        const { waiters } = setUp();
        /** All waiters that have not left, including superseded ones. */
        const all = { [A]: [] as Waiter[], [B]: [] as Waiter[] };
        const counted = new Set<Waiter>();
        for (const { kind, mailboxId, at } of steps) {
          const here = all[mailboxId] ?? [];
          const chosen = here[at % Math.max(1, here.length)];
          if (kind === 'listen') {
            const waiter = waiters.listen(mailboxId);
            here.push(waiter);
            counted.add(waiter);
          } else if (chosen !== undefined && kind === 'leave') {
            waiters.leave(mailboxId, chosen);
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
