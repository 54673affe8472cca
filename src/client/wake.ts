import type { Timers } from './platform.ts';

/** How often to look whether time has jumped, and by how much it must have to be called sleep. */
const TICK_MS = 5_000;
const SLEPT_MS = 10_000;

type Listener = (event: { readonly persisted?: boolean }) => void;
type Listen = (name: string, listener: Listener) => void;
interface Target {
  readonly addEventListener?: Listen;
  readonly removeEventListener?: Listen;
}
interface Page extends Target {
  readonly document?: Target & { readonly visibilityState?: string };
}

export interface WakeListeners {
  /** `stale`: connections from before are most likely dead. `moved`: it may be another network. */
  readonly onWake: (wake: { readonly stale: boolean; readonly moved: boolean }) => void;
  readonly onHide: () => void;
}

/** Watches for moments at which waiting any longer makes no sense. @returns a function that ends it */
export function watchForWaking(timers: Timers, { onWake, onHide }: WakeListeners): () => void {
  const page = globalThis as Page;
  const isHidden = (): boolean => page.document?.visibilityState === 'hidden';
  let tickedMs = timers.now();
  let timer: unknown;

  /** @returns whether the machine slept since the last look */
  const look = (): boolean => {
    const nowMs = timers.now();
    const slept = nowMs - tickedMs > TICK_MS + SLEPT_MS;
    tickedMs = nowMs;
    return slept;
  };
  const tick = (): void => {
    timer = timers.setTimeout(tick, TICK_MS);
    // Hidden pages get their timers late without having slept: they are looked at when they are shown.
    if (!isHidden() && look()) onWake({ stale: true, moved: false });
  };
  const endings = [
    listen(page, 'online', () => onWake({ stale: true, moved: true })),
    listen(page, 'pageshow', ({ persisted }) => {
      if (persisted === true) onWake({ stale: true, moved: false });
    }),
    listen(page, 'pagehide', onHide),
    listen(page.document, 'visibilitychange', () => {
      if (!isHidden()) onWake({ stale: look(), moved: false });
    }),
    () => timers.clearTimeout(timer),
  ];
  timer = timers.setTimeout(tick, TICK_MS);
  return () => endings.forEach((end) => end());
}

function listen(target: Target | undefined, name: string, listener: Listener): () => void {
  // React Native has a `window` without events.
  if (target?.addEventListener === undefined) return () => undefined;
  target.addEventListener(name, listener);
  return () => target.removeEventListener?.(name, listener);
}
