import type { Clock } from './clock.ts';
import { DRAINING, type Waiters } from './waiters.ts';

/** Short enough to be smooth, long enough that the timers of a minute are no work of their own. */
const SLICE_MS = 50;

/**
 * Ends every held poll with an empty batch, spread evenly over `overMs`, so that clients do not reconnect in one burst. The first
 * ends at once. It is over as soon as no poll is left, be it since messages or hang-ups ended the others.
 */
export async function drain(waiters: Waiters, clock: Clock, overMs: number): Promise<void> {
  const held = waiters.drain();
  const startedMs = clock.steadyMs();
  for (let ended = 0; ended < held.length && waiters.size > 0;) {
    const elapsedMs = clock.steadyMs() - startedMs;
    const due = elapsedMs < overMs ? Math.floor((elapsedMs * held.length) / overMs) + 1 : held.length;
    for (const waiter of held.slice(ended, due)) waiter.end(DRAINING);
    ended = due;
    if (ended < held.length) await new Promise<void>((resolve) => clock.after(SLICE_MS, resolve));
  }
}
