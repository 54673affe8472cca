/** The only source of time. Tests pass in a clock that they set. */
export interface Clock {
  /** Unix milliseconds of the wall clock, which may jump. Only for displayed times (`sentAt`, `joinedAt`). */
  wallMs(): number;
  /**
   * Monotonic Unix milliseconds, for ages, lifetimes, windows and positions. The clock is set from the wall clock once,
   * at the start, so that a later jump of the wall clock expires nothing.
   */
  steadyMs(): number;
  /** Calls `listener` once, `delayMs` from now. The returned function cancels it. */
  after(delayMs: number, listener: () => void): () => void;
  /**
   * Calls `listener` at the multiples of `intervalMs` from now: never early, and once if several have passed. The
   * returned function cancels it.
   */
  every(intervalMs: number, listener: () => void): () => void;
}

/** Its timers keep the process alive. */
export function systemClock(): Clock {
  const startedAtMs = Date.now() - performance.now();
  return {
    wallMs: () => Date.now(),
    steadyMs: () => startedAtMs + performance.now(),
    after(delayMs, listener) {
      const timer = setTimeout(listener, delayMs);
      return () => clearTimeout(timer);
    },
    every,
  };
}

/** Unlike `setInterval`, it does not drift: late calls would add up to a whole interval within minutes. */
function every(intervalMs: number, listener: () => void): () => void {
  const startedAtMs = performance.now();
  let passed = 0;
  const untilNextMs = (): number => Math.max(1, Math.ceil(startedAtMs + (passed + 1) * intervalMs - performance.now()));
  const run = (): void => {
    const before = passed;
    passed = Math.floor((performance.now() - startedAtMs) / intervalMs);
    timer = setTimeout(run, untilNextMs());
    // Timers count whole milliseconds, and may be early by less than two of them.
    if (passed > before) listener();
  };
  let timer = setTimeout(run, untilNextMs());
  return () => clearTimeout(timer);
}
