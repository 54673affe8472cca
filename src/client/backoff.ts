import { after, type Platform, type Timers } from './platform.ts';

/** The bounds of the ceiling for a pause. In between, it is the age of the outage: a server that was away for 3 s is found in 3 s. */
const MIN_CEILING_MS = 1_000;
const MAX_CEILING_MS = 5_000;
/** A try that lasted some seconds is no loop, and needs jitter only. */
const SHORT_MS = 500;

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

  /** Milliseconds to wait after a failure that took long enough not to be a loop. */
  slow(): number {
    return this.#random() * SHORT_MS;
  }

  /** The outage is over. */
  reset(): void {
    this.#sinceMs = undefined;
  }
}

/** The service's own pace for polls, 5 a second, and its burst of 50: a client within it is never slowed down. */
const INTERVAL_MS = 200;
const BURST_MS = 50 * INTERVAL_MS;

/** So that no sequence of answers can make a loop spin. */
export class TokenBucket {
  readonly #timers: Timers;
  /** When the bucket is full again (generic cell rate algorithm). */
  #fullMs = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Waits for a turn, and takes it. Nothing cuts this short. */
  async turn(): Promise<void> {
    const nowMs = this.#timers.now();
    // A clock that was set back must not lock anybody out for as long.
    this.#fullMs = Math.min(Math.max(this.#fullMs, nowMs), nowMs + 2 * BURST_MS) + INTERVAL_MS;
    const delayMs = this.#fullMs - nowMs - BURST_MS;
    if (delayMs > 0) await new Promise<void>((resolve) => void after(this.#timers, delayMs, resolve));
  }
}

/** `Retry-After` (RFC 9110, section 10.2.3) in seconds; never more than a minute, whoever wrote it. A date counts as nothing. */
export const retryAfterMs = (header: string | null): number =>
  Math.min(60_000, Math.max(0, Number(header) || 0) * 1_000);
