import { listen, type Target } from './listen.ts';
import { after, type Timers } from './platform.ts';

/** How often to look whether time has jumped, and from what distance between two looks it counts as sleep. */
const TICK_MS = 5_000;
const SLEPT_MS = 15_000;

interface Page extends Target {
  readonly document?: Target & { readonly visibilityState?: string };
}

/**
 * Watches for moments at which waiting any longer makes no sense. `stale`: connections from before are most likely dead.
 * @returns a function that ends it
 */
export function watchForWaking(timers: Timers, onWake: (stale: boolean) => void, onHide: () => void): () => void {
  const page = globalThis as Page;
  const isHidden = (): boolean => page.document?.visibilityState === 'hidden';
  let tickedMs = timers.now();
  let cancelTick = (): void => undefined;

  /** Looks whether the machine slept. Hidden pages get their timers late without it: they are looked at when they are shown. */
  const look = (): boolean => {
    if (isHidden()) return false;
    const sleptMs = timers.now() - tickedMs;
    tickedMs += sleptMs;
    return sleptMs > SLEPT_MS;
  };
  const tick = (): void => {
    if (look()) onWake(true);
    cancelTick = after(timers, TICK_MS, tick);
  };
  tick();
  const endings = [
    listen(page, 'online', () => onWake(true)),
    listen(page, 'pageshow', () => onWake(true)),
    listen(page, 'pagehide', onHide),
    listen(page.document, 'visibilitychange', () => {
      if (!isHidden()) onWake(look());
    }),
    () => cancelTick(),
  ];
  return () => endings.forEach((end) => end());
}
