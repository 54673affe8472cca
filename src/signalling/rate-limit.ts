import type { Clock } from './clock.ts';
import { rateLimited, type ExceededLimit, type SignallingError } from './errors.ts';
import type { MailboxId } from './ids.ts';

/** `quota` units at once, refilled evenly: full again after one window without use. */
export interface Rate {
  /** `Infinity` lifts the limit. */
  readonly quota: number;
  /** Whole seconds, in milliseconds. */
  readonly windowMs: number;
}

export interface RateLimit extends Rate {
  /** As the `RateLimit` fields of a refusal name it. */
  readonly name: ExceededLimit['name'];
}

/** Tolerance, in units, for floating-point drift; keeps the last unit of a quota usable. */
export const DRIFT_TOLERANCE = 0.1;

/**
 * Generic cell rate algorithm (GCRA, ITU-T I.371): the state of a key is one number, the time at which its quota is full
 * again. `store/redis/scripts/append.lua` and `client/backoff.ts` have copies of it, in Lua and for the other side.
 * More than the quota at once is allowed when nothing is used, and refilled afterwards; otherwise it could never pass.
 * @param fullAtMs any time in the past, such as 0, is a full quota
 * @returns `fullAtMs` after the consumption; `undefined` when the limit is exceeded
 */
export function consume(rate: Rate, fullAtMs: number, nowMs: number, units: number): number | undefined {
  const intervalMs = rate.windowMs / rate.quota;
  if (waitMs(rate, fullAtMs, nowMs, units) > intervalMs * DRIFT_TOLERANCE) return undefined;
  return Math.max(fullAtMs, nowMs) + units * intervalMs;
}

/** Time until the units are available; negative when more than that is available. */
function waitMs(rate: Rate, fullAtMs: number, nowMs: number, units: number): number {
  const usedMs = Math.max(0, fullAtMs - nowMs);
  return usedMs + (Math.min(units, rate.quota) * rate.windowMs) / rate.quota - rate.windowMs;
}

/** The refusal of units that `consume` did not grant. */
export function exceeded(limit: RateLimit, fullAtMs: number, nowMs: number, units: number): SignallingError {
  const usedMs = Math.max(0, fullAtMs - nowMs);
  const intervalMs = limit.windowMs / limit.quota;
  return rateLimited({
    name: limit.name,
    quota: limit.quota,
    windowSeconds: limit.windowMs / 1_000,
    remaining: Math.max(0, Math.floor((limit.windowMs - usedMs) / intervalMs + DRIFT_TOLERANCE)),
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs(limit, fullAtMs, nowMs, units) / 1_000)),
  });
}

const FORGET_AT_SIZE = 1_024;

/**
 * When the quota of each key is full again (steady ms). A key with a full quota is forgotten, so that a flood from ever new
 * addresses takes memory for one window only.
 */
class FullTimes<Key> {
  readonly #fullAtMs = new Map<Key, number>();
  #forgetAtSize = FORGET_AT_SIZE;

  get size(): number {
    return this.#fullAtMs.size;
  }

  get(key: Key): number {
    return this.#fullAtMs.get(key) ?? 0;
  }

  set(key: Key, fullAtMs: number, nowMs: number): void {
    this.#fullAtMs.set(key, fullAtMs);
    if (this.#fullAtMs.size <= this.#forgetAtSize) return;
    for (const [known, at] of this.#fullAtMs) if (at <= nowMs) this.#fullAtMs.delete(known);
    this.#forgetAtSize = Math.max(FORGET_AT_SIZE, this.#fullAtMs.size * 2);
  }
}

/** One limit for each key, in this process. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  readonly #keys = new FullTimes<string>();

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Number of remembered keys. */
  get size(): number {
    return this.#keys.size;
  }

  /** @returns the refusal when the limit is exceeded; nothing is consumed then */
  consume(key: string): SignallingError | undefined {
    const nowMs = this.#clock.steadyMs();
    const fullAtMs = consume(this.#limit, this.#keys.get(key), nowMs, 1);
    if (fullAtMs === undefined) return exceeded(this.#limit, this.#keys.get(key), nowMs, 1);
    this.#keys.set(key, fullAtMs, nowMs);
    return undefined;
  }

  /** Returns one consumed unit. */
  refund(key: string): void {
    const fullAtMs = this.#keys.get(key);
    const intervalMs = this.#limit.windowMs / this.#limit.quota;
    if (fullAtMs > 0) this.#keys.set(key, fullAtMs - intervalMs, this.#clock.steadyMs());
  }

  /** The refusal that `consume` would return now. */
  check(key: string): SignallingError | undefined {
    const nowMs = this.#clock.steadyMs();
    const fullAtMs = this.#keys.get(key);
    return consume(this.#limit, fullAtMs, nowMs, 1) === undefined
      ? exceeded(this.#limit, fullAtMs, nowMs, 1)
      : undefined;
  }
}

/** Stops a poll loop without a pause from eating the process: 5 per second with a burst of 50; faster ones are answered up to 200 ms later. */
const POLL_INTERVAL_MS = 200;
const POLL_BURST = 50;
const POLLS: Rate = { quota: POLL_BURST, windowMs: POLL_BURST * POLL_INTERVAL_MS };

/**
 * Delays the polls of a busy loop instead of refusing them: a loop without pauses becomes 5 polls a second, and a storm of
 * candidates becomes batches.
 */
export class PollPacer {
  readonly #clock: Clock;
  readonly #mailboxes = new FullTimes<MailboxId>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns by how many milliseconds, 0 to 200, this poll is answered later */
  delayMs(mailboxId: MailboxId): number {
    const nowMs = this.#clock.steadyMs();
    const fullAtMs = this.#mailboxes.get(mailboxId);
    const delayMs = Math.min(Math.max(0, waitMs(POLLS, fullAtMs, nowMs, 1)), POLL_INTERVAL_MS);
    const latestMs = nowMs + POLLS.windowMs;
    this.#mailboxes.set(mailboxId, Math.min(Math.max(fullAtMs, nowMs), latestMs) + POLL_INTERVAL_MS, nowMs);
    return delayMs;
  }
}
