import type { Timers } from '../../../src/client/index.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  running?: NodeJS.Timeout;
}

/**
 * The time of one client in a real network: it passes by itself. A test turns it ahead where the client would wait for
 * long, and stops its timers to show that the client does not wait for any.
 */
export class TurnableTime implements Timers {
  #aheadMs = 0;
  #isStopped = false;
  readonly #timers = new Set<Timer>();

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer: Timer = { dueMs: this.now() + delayMs, callback };
    this.#timers.add(timer);
    this.#run(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    clearTimeout((timer as Timer | undefined)?.running);
    this.#timers.delete(timer as Timer);
  }

  /** No timer fires until `turn`. */
  stop(): void {
    this.#isStopped = true;
    for (const { running } of this.#timers) clearTimeout(running);
  }

  /**
   * Lets time pass, and fires timers in their order: it does not look like a sleep of the machine.
   * @param isEnough whether to end early
   */
  async turn(durationMs: number, isEnough = (): boolean => false): Promise<void> {
    this.stop();
    let untilMs = this.now() + durationMs;
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#aheadMs += Math.max(0, timer.dueMs - this.now());
      this.#fire(timer);
      // Also runs in browsers, which have no `setImmediate`.
      await new Promise((resolve) => setTimeout(resolve));
      if (isEnough()) untilMs = this.now();
    }
    this.#aheadMs += Math.max(0, untilMs - this.now());
    this.#isStopped = false;
    for (const timer of this.#timers) this.#run(timer);
  }

  #next(untilMs: number): Timer | undefined {
    return [...this.#timers].filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
  }

  #run(timer: Timer): void {
    if (!this.#isStopped) timer.running = setTimeout(() => this.#fire(timer), timer.dueMs - this.now());
  }

  #fire(timer: Timer): void {
    this.clearTimeout(timer);
    timer.callback();
  }
}
