import type { Clock } from './clock.ts';
import type { SignallingError } from './errors.ts';
import { overdrawn, pay, type Rate } from './rate.ts';

const FORGET_AT_SIZE = 1_024;

/**
 * One budget for each who pays, in this process. An entry is worth nothing once its budget is full again, so that as many are
 * kept as can be paid for within a window: a flood from ever new addresses buys no memory.
 */
export class RateLimiter {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #fullAtMs = new Map<string, number>();
  #forgetAtSize = FORGET_AT_SIZE;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Budgets that are remembered. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /** @returns the refusal, when nothing is left */
  charge(payer: string): SignallingError | undefined {
    const nowMs = this.#clock.steadyMs();
    const fullAtMs = this.#fullAtMs.get(payer) ?? 0;
    const paidMs = pay(this.#rate, fullAtMs, nowMs, 1);
    if (paidMs === undefined) return overdrawn(this.#rate, fullAtMs, nowMs, 1);
    this.#fullAtMs.set(payer, paidMs);
    if (this.#fullAtMs.size > this.#forgetAtSize) this.#forgetFull(nowMs);
    return undefined;
  }

  /** Gives one back. */
  refund(payer: string): void {
    const fullAtMs = this.#fullAtMs.get(payer);
    if (fullAtMs !== undefined) this.#fullAtMs.set(payer, fullAtMs - this.#rate.windowMs / this.#rate.quota);
  }

  /** The refusal that `charge` would return now. */
  refusal(payer: string): SignallingError | undefined {
    const nowMs = this.#clock.steadyMs();
    const fullAtMs = this.#fullAtMs.get(payer) ?? 0;
    return pay(this.#rate, fullAtMs, nowMs, 1) === undefined ? overdrawn(this.#rate, fullAtMs, nowMs, 1) : undefined;
  }

  #forgetFull(nowMs: number): void {
    for (const [payer, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(payer);
    this.#forgetAtSize = Math.max(FORGET_AT_SIZE, this.#fullAtMs.size * 2);
  }
}
