import { after, type Timers } from './platform.ts';

/** The first retry comes within this time, each further one within twice the last, up to the maximum. */
const BASE_MS = 500;
/** A network that comes back without telling is noticed after half of this, on average. */
const MAX_MS = 20_000;

/** Exponential back-off with full jitter: clients that failed together do not come back together. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure; never less than the server asked for. */
  next(retryAfterMs = 0): number {
    const ceilingMs = Math.min(MAX_MS, BASE_MS * 2 ** this.#failures);
    this.#failures += 1;
    return retryAfterMs + this.#random() * ceilingMs;
  }

  /** Milliseconds to wait after a failure that took long enough not to be a loop. */
  slow(): number {
    return this.#random() * BASE_MS;
  }

  reset(): void {
    this.#failures = 0;
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
