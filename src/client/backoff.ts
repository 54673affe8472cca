import type { Runtime } from './runtime.ts';

/** The bounds of the ceiling for a pause. In between, it is the age of the outage: a server that was away for 3 s is found in 3 s. */
const MIN_CEILING_MS = 1_000;
const MAX_CEILING_MS = 5_000;

/**
 * How long to wait between tries. No pause is longer than the outage has lasted so far, within the bounds above. Full jitter:
 * clients that failed together do not come back together.
 */
export class Backoff {
  readonly #runtime: Pick<Runtime, 'now' | 'random'>;
  /** When the outage began. */
  #sinceMs: number | undefined;

  constructor(runtime: Pick<Runtime, 'now' | 'random'>) {
    this.#runtime = runtime;
  }

  /** Milliseconds to wait after one more failure; never less than the server asked for. */
  next(retryAfterMs = 0): number {
    const nowMs = this.#runtime.now();
    this.#sinceMs ??= nowMs;
    const ceilingMs = Math.min(MAX_CEILING_MS, Math.max(MIN_CEILING_MS, nowMs - this.#sinceMs));
    return retryAfterMs + this.#runtime.random() * ceilingMs;
  }

  /** The outage is over. */
  reset(): void {
    this.#sinceMs = undefined;
  }
}
