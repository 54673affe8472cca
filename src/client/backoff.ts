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
    this.#failures = Math.min(this.#failures + 1, 16);
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

/** So that no sequence of answers can make a loop spin: `burst` turns at once, then `perSecond`. */
export class TokenBucket {
  readonly #now: () => number;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  #dueMs = -Infinity;

  constructor(now: () => number, burst: number, perSecond: number) {
    this.#now = now;
    this.#intervalMs = 1_000 / perSecond;
    this.#burstMs = (burst - 1) * this.#intervalMs;
  }

  /** Takes one turn. @returns milliseconds to wait before using it */
  take(): number {
    const nowMs = this.#now();
    // A clock that was set back must not lock the loop for as long.
    const dueMs = this.#dueMs > nowMs + this.#burstMs + this.#intervalMs ? nowMs : Math.max(this.#dueMs, nowMs);
    this.#dueMs = dueMs + this.#intervalMs;
    return Math.max(0, dueMs - nowMs - this.#burstMs);
  }
}

/** `Retry-After` (RFC 9110, section 10.2.3) in seconds or as a date; never more than a minute, whoever wrote it. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  const seconds = Number(header ?? 0);
  const ms = Number.isNaN(seconds) ? Date.parse(header ?? '') - nowMs : seconds * 1_000;
  return Math.min(60_000, Math.max(0, ms || 0));
}
