import type { Clock } from './clock.ts';
import { DRAINING, type Waiters } from './waiters.ts';

/** Short enough to be smooth, long enough that a thousand slices of timers are not work of their own. */
const SLICE_MS = 50;

/** Ends every held poll with an empty batch, spread evenly over `overMs`, so that clients do not reconnect in one burst. */
export async function drain(waiters: Waiters, clock: Clock, overMs: number): Promise<void> {
  const held = waiters.drain();
  const slices = Math.max(1, Math.floor(overMs / SLICE_MS));
  const perSlice = Math.ceil(held.length / slices);
  for (let from = 0; from < held.length; from += perSlice) {
    for (const waiter of held.slice(from, from + perSlice)) waiter.end(DRAINING);
    if (from + perSlice < held.length) await new Promise<void>((resolve) => clock.after(SLICE_MS, resolve));
  }
}
