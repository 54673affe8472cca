import type { Runtime } from './runtime.ts';
import { listen, type Target } from './listen.ts';

/** How often to look whether time has jumped, and from what distance between two looks it counts as sleep. */
const TICK_MS = 5_000;
const SLEPT_MS = 15_000;
/** A page whose timers still fire this long after it was hidden has not gone: iOS tells so without unloading it. */
const STILL_HERE_MS = 1_000;

interface Page extends Target {
  readonly document?: Target & { readonly visibilityState?: string };
}

/** `frozen`: in a tab that stays. `hidden`: in the back-forward cache. `closed`: for good. */
export type PageStop = 'frozen' | 'hidden' | 'closed';

export interface PageListeners {
  /** Waiting any longer makes no sense. `stale`: connections from before are most likely dead. */
  readonly wake: (stale: boolean) => void;
  /** The page stops running. */
  readonly stop: (how: PageStop) => void;
  /** The page runs on after `stop`. */
  readonly resume: () => void;
}

/** Watches the life of the page (HTML, and the Page Lifecycle draft). @returns a function that ends it */
export function watchPage(runtime: Runtime, { wake, stop, resume }: PageListeners): () => void {
  const page = globalThis as Page;
  const isHidden = (): boolean => page.document?.visibilityState === 'hidden';
  let tickedMs = runtime.now();
  let cancelTick = (): void => undefined;
  let cancelResume = (): void => undefined;

  /** Looks whether the machine slept. Hidden pages get their timers late without it: they are looked at when they are shown. */
  const look = (): boolean => {
    if (isHidden()) return false;
    const sleptMs = runtime.now() - tickedMs;
    tickedMs += sleptMs;
    return sleptMs > SLEPT_MS;
  };
  const tick = (): void => {
    if (look()) wake(true);
    cancelTick = runtime.after(TICK_MS, tick);
  };
  const onStop = (how: PageStop): void => {
    stop(how);
    cancelResume();
    cancelResume = runtime.after(STILL_HERE_MS, resume);
  };
  tick();
  const endings = [
    listen(page, 'online', () => wake(true)),
    listen(page, 'pageshow', () => wake(true)),
    listen(page, 'pagehide', (event) => {
      onStop((event as { persisted?: boolean }).persisted === false ? 'closed' : 'hidden');
    }),
    listen(page.document, 'freeze', () => onStop('frozen')),
    listen(page.document, 'resume', () => wake(true)),
    listen(page.document, 'visibilitychange', () => {
      if (!isHidden()) wake(look());
    }),
    () => cancelTick(),
    () => cancelResume(),
  ];
  return () => endings.forEach((end) => end());
}
