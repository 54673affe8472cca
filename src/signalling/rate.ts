import { SignallingError, type SpentBudget } from './errors.ts';

/** A budget: `quota` at once, and refilled evenly, so that it is full again after one window without use. */
export interface Rate {
  /** Names it in the `RateLimit` fields of a refusal. */
  readonly name: 'messages' | 'joins' | 'authentication' | 'roster';
  /** `Infinity` lifts it. */
  readonly quota: number;
  /** Whole seconds, in milliseconds. */
  readonly windowMs: number;
  /** What a refusal says. */
  readonly excess: string;
}

/** Of a unit. Sums of intervals are not exact, and the last unit of a quota (of up to some thousands) must not be lost to that. */
export const ROUNDING = 0.1;

/**
 * Generic cell rate algorithm: what was spent is one number, the time at which the budget will be full again. More than the
 * quota at once is allowed when nothing is spent, and paid off afterwards; otherwise it could never pass.
 * @param fullAtMs of the last payment; any time in the past, such as 0, is a full budget
 * @returns that time after this payment; `undefined` when there is too little left
 */
export function pay(rate: Rate, fullAtMs: number, nowMs: number, cost: number): number | undefined {
  const intervalMs = rate.windowMs / rate.quota;
  const spentMs = Math.max(0, fullAtMs - nowMs);
  const affordable = spentMs + Math.min(cost, rate.quota) * intervalMs <= rate.windowMs + intervalMs * ROUNDING;
  return affordable ? nowMs + spentMs + cost * intervalMs : undefined;
}

/** The refusal of a payment that `pay` did not take. */
export function overdrawn(rate: Rate, fullAtMs: number, nowMs: number, cost: number): SignallingError {
  const intervalMs = rate.windowMs / rate.quota;
  const spentMs = Math.max(0, fullAtMs - nowMs);
  const waitMs = spentMs + Math.min(cost, rate.quota) * intervalMs - rate.windowMs;
  const budget: SpentBudget = {
    name: rate.name,
    quota: rate.quota,
    windowSeconds: rate.windowMs / 1_000,
    remaining: Math.max(0, Math.floor((rate.windowMs - spentMs) / intervalMs + ROUNDING)),
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)),
  };
  return new SignallingError('rate-limited', rate.excess, { budget });
}
