import type { Clock } from './clock.ts';
import { rateLimited, type ExceededLimit, type SignallingError } from './errors.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { MailboxId } from './ids.ts';

/** Allows `quota` units at once. They are refilled evenly; one window without use restores the full quota. */
export interface Rate {
  /** `Infinity` lifts the limit. */
  readonly quota: number;
  /** A multiple of 1,000, because `RateLimit` fields are in seconds. */
  readonly windowMs: number;
}

export interface RateLimit extends Rate {
  /** The policy name in the `RateLimit` fields of a refusal. */
  readonly name: ExceededLimit['name'];
}

/** Tolerance, in units, for floating-point drift; keeps the last unit of a quota usable. */
export const DRIFT_TOLERANCE = 0.1;

/**
 * Generic cell rate algorithm (GCRA, ITU-T I.371): the state of a key is one number, the time at which its quota is
 * full again. `store/redis/scripts/append.lua` has a copy of it. A request for more units than the quota is granted when
 * the quota is full; otherwise it could never succeed.
 * @param fullAtMs a time in the past, such as 0, means a full quota
 * @returns `fullAtMs` after the consumption; `undefined` when the limit is exceeded
 */
export function consume(rate: Rate, fullAtMs: number, nowMs: number, units: number): number | undefined {
  const intervalMs = rate.windowMs / rate.quota;
  if (waitMs(rate, fullAtMs, nowMs, units) > intervalMs * DRIFT_TOLERANCE) return undefined;
  return Math.max(fullAtMs, nowMs) + units * intervalMs;
}

/** Time until the units are available; negative if more units are. */
function waitMs(rate: Rate, fullAtMs: number, nowMs: number, units: number): number {
  const usedMs = Math.max(0, fullAtMs - nowMs);
  return usedMs + (Math.min(units, rate.quota) * rate.windowMs) / rate.quota - rate.windowMs;
}

/** The refusal after `consume` returned `undefined`. */
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

/** When the quota of each key is full again (steady ms). Keys with a full quota are forgotten. */
const fullTimes = <Key>(): ExpiringMap<Key, number> => new ExpiringMap((fullAtMs) => fullAtMs);

/** Applies one limit to each key. Per process. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  readonly #keys = fullTimes<string>();

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Number of remembered keys. */
  get size(): number {
    return this.#keys.size;
  }

  /** Consumes one unit, or nothing if the limit is exceeded. @returns the refusal */
  consume(key: string): SignallingError | undefined {
    const nowMs = this.#clock.steadyMs();
    const before = this.#keys.get(key) ?? 0;
    const fullAtMs = consume(this.#limit, before, nowMs, 1);
    if (fullAtMs === undefined) return exceeded(this.#limit, before, nowMs, 1);
    this.#keys.set(key, fullAtMs, nowMs);
    return undefined;
  }

  /** Gives one consumed unit back. */
  refund(key: string): void {
    const fullAtMs = this.#keys.get(key) ?? 0;
    const intervalMs = this.#limit.windowMs / this.#limit.quota;
    if (fullAtMs > 0) this.#keys.set(key, fullAtMs - intervalMs, this.#clock.steadyMs());
  }

  /** @returns the refusal that `consume` would return now */
  check(key: string): SignallingError | undefined {
    const nowMs = this.#clock.steadyMs();
    const fullAtMs = this.#keys.get(key) ?? 0;
    return consume(this.#limit, fullAtMs, nowMs, 1) === undefined
      ? exceeded(this.#limit, fullAtMs, nowMs, 1)
      : undefined;
  }
}

/** 5 polls a second, with a burst of 50. Stops poll loops without a pause from taking the CPU of the process. */
const POLL_INTERVAL_MS = 200;
const POLL_BURST = 50;
const POLLS: Rate = { quota: POLL_BURST, windowMs: POLL_BURST * POLL_INTERVAL_MS };

/**
 * Delays the polls of a busy loop instead of refusing them: the loop slows down to 5 polls a second, and a storm of
 * candidates arrives in batches.
 */
export class PollPacer {
  readonly #clock: Clock;
  readonly #mailboxes = fullTimes<MailboxId>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the delay of this poll, 0 to 200 ms */
  delayMs(mailboxId: MailboxId): number {
    const nowMs = this.#clock.steadyMs();
    const fullAtMs = this.#mailboxes.get(mailboxId) ?? 0;
    const delayMs = Math.min(Math.max(0, waitMs(POLLS, fullAtMs, nowMs, 1)), POLL_INTERVAL_MS);
    const latestMs = nowMs + POLLS.windowMs;
    this.#mailboxes.set(mailboxId, Math.min(Math.max(fullAtMs, nowMs), latestMs) + POLL_INTERVAL_MS, nowMs);
    return delayMs;
  }
}
