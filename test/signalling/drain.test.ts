import { describe, expect, test } from '@jest/globals';
import { Waiters } from '../../src/signalling/waiters.ts';
import type { MailboxId } from '../../src/signalling/ids.ts';
import { ListeningWaiter } from './listening-waiter.ts';
import { settle, TestClock } from '../support/clock.ts';

const OVER_MS = 5_000;
const mailbox = (index: number): MailboxId => `mailbox-${index}` as MailboxId;

/** Holds `count` polls. `ends` has the end of each, in ms after the start. */
function held(count: number) {
  const clock = new TestClock();
  const waiters = new Waiters(clock);
  const startMs = clock.steadyMs();
  const ends: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const onEnd = (): void => void ends.push(clock.steadyMs() - startMs);
    new ListeningWaiter(waiters, mailbox(index), { onEnd });
  }
  return { clock, waiters, ends };
}

describe('draining', () => {
  test.each([
    [1, [0]],
    [2, [0, 2_500]],
    [3, [0, 1_700, 3_350]],
    [4, [0, 1_250, 2_500, 3_750]],
  ])('spreads the ends of %d polls over the drain time', async (count, moments) => {
    const { clock, waiters, ends } = held(count);
    void waiters.drain(OVER_MS);
    await clock.advance(OVER_MS);
    expect(ends).toEqual(moments);
    expect(clock.timers).toBe(0);
  });

  test.each([100, 129, 1_000])('ends at most a hundredth of %d polls at a time', async (count) => {
    const { clock, waiters, ends } = held(count);
    void waiters.drain(OVER_MS);
    await clock.advance(OVER_MS);
    expect(ends).toHaveLength(count);
    const perMoment = Map.groupBy(ends, (atMs) => atMs);
    expect(Math.max(...[...perMoment.values()].map(({ length }) => length))).toBe(Math.ceil(count / 100));
    expect(Math.abs(ends.filter((atMs) => atMs < OVER_MS / 2).length - count / 2)).toBeLessThan(count / 100);
  });

  test('ends later polls at once', async () => {
    const { waiters } = held(0);
    await waiters.drain(OVER_MS);
    expect(new ListeningWaiter(waiters, mailbox(0)).ended).toEqual({ kind: 'draining' });
  });

  test('is over as soon as no poll is held', async () => {
    const { clock, waiters } = held(2);
    let isOver = false;
    void waiters.drain(OVER_MS).then(() => (isOver = true));
    waiters.end(mailbox(1), { kind: 'window' });
    await clock.advance(50);
    expect([isOver, clock.timers]).toEqual([true, 0]);
  });

  test('over 0 ms ends all polls at once, and takes no time without polls', async () => {
    const all = held(100);
    await all.waiters.drain(0);
    await settle();
    expect(all.ends).toHaveLength(100);
    const none = held(0);
    await none.waiters.drain(OVER_MS);
    expect(none.clock.timers).toBe(0);
  });
});
