import type { Clock } from './clock.ts';

/** Short enough for an even load, long enough that a drain of a minute needs few timers. */
const SLICE_MS = 50;

interface Spreading {
  readonly overMs: number;
  readonly clock: Clock;
  /** Whether the rest need not be done. */
  readonly isOver?: () => boolean;
}

/** Does something for each item, spread evenly over `overMs`; the first is done at once. */
export async function spread<Item>(
  items: readonly Item[],
  { overMs, clock, isOver = () => false }: Spreading,
  act: (item: Item) => void,
): Promise<void> {
  const startedMs = clock.steadyMs();
  for (let done = 0; done < items.length && !isOver();) {
    const elapsedMs = clock.steadyMs() - startedMs;
    const due = elapsedMs < overMs ? Math.floor((elapsedMs * items.length) / overMs) + 1 : items.length;
    for (const item of items.slice(done, due)) act(item);
    done = due;
    if (done < items.length) await new Promise<void>((resolve) => clock.after(SLICE_MS, resolve));
  }
}
