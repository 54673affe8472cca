import type { Timers } from '../../../src/client/index.ts';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that a test turns by hand. Between two timers everything that promises can do is done. */
export class VirtualTime implements Timers {
  #nowMs = 1_800_000_000_000;
  #order = 0;
  readonly #timers = new Map<number, Timer>();

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    this.#order += 1;
    this.#timers.set(this.#order, { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, callback });
    return this.#order;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /** Lets the time pass, firing timers in their order. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settle();
    for (let timer = this.#next(untilMs); timer !== undefined; timer = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      this.#timers.delete(timer.order);
      timer.callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  setBack(durationMs: number): void {
    this.#nowMs -= durationMs;
  }

  /** The machine sleeps: time goes on, and no timer fires before it is over. */
  async sleep(durationMs: number): Promise<void> {
    this.#nowMs += durationMs;
    await this.advance(0);
  }

  after(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.setTimeout(resolve, durationMs));
  }

  #next(untilMs: number): Timer | undefined {
    const due = [...this.#timers.values()].filter(({ dueMs }) => dueMs <= untilMs);
    return due.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];
  }
}

/** Promises first: `setImmediate` runs when none of them can go on. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
