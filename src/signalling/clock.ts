/** The one source of time. Tests hand in a clock that they turn by hand. */
export interface Clock {
  /** Unix milliseconds of the wall clock: for what is shown (`sentAt`, `joinedAt`). It may jump. */
  wallMs(): number;
  /**
   * Unix milliseconds that only ever move with elapsed time: for ages, lifetimes, windows and positions. Read from the wall
   * clock once, at the start, so that a later jump of the wall clock expires nothing.
   */
  steadyMs(): number;
  /** Calls `listener` once, `delayMs` from now. The returned function cancels it. */
  after(delayMs: number, listener: () => void): () => void;
}

/** The real clock. Its timers keep the process alive. */
export function systemClock(): Clock {
  const startedAtMs = Date.now() - performance.now();
  return {
    wallMs: () => Date.now(),
    steadyMs: () => startedAtMs + performance.now(),
    after(delayMs, listener) {
      const timer = setTimeout(listener, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
