import type { Platform, Timers } from './platform.ts';

/** The bounds of the ceiling for a pause. In between, it is the age of the outage: a server that was away for 3 s is found in 3 s. */
const MIN_CEILING_MS = 1_000;
const MAX_CEILING_MS = 5_000;

/**
 * How long to wait between tries. No pause is longer than the outage has lasted so far, within the bounds above. Full jitter:
 * clients that failed together do not come back together.
 */
export class Backoff {
  readonly #timers: Timers;
  readonly #random: () => number;
  /** When the outage began. */
  #sinceMs: number | undefined;

  constructor({ timers, random }: Pick<Platform, 'timers' | 'random'>) {
    this.#timers = timers;
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure; never less than the server asked for. */
  next(retryAfterMs = 0): number {
    const nowMs = this.#timers.now();
    this.#sinceMs ??= nowMs;
    const ceilingMs = Math.min(MAX_CEILING_MS, Math.max(MIN_CEILING_MS, nowMs - this.#sinceMs));
    return retryAfterMs + this.#random() * ceilingMs;
  }

  /** The outage is over. */
  reset(): void {
    this.#sinceMs = undefined;
  }
}
