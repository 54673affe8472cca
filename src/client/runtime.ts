import { type FetchLike, type Platform, randomId, systemTimers, type Timers } from './platform.ts';

/** The platform of one mailbox, with what its parts make of it. */
export class Runtime {
  readonly fetch: FetchLike;
  readonly random: () => number;
  readonly #timers: Timers;
  readonly #sleepers = new Set<() => void>();

  constructor(given: Partial<Platform>) {
    // Called without an object: as a method of another one, the `fetch` of browsers throws "Illegal invocation".
    this.fetch = (url, init) => {
      const ask = given.fetch ?? fetch;
      return ask(url, init);
    };
    this.random = given.random ?? Math.random;
    this.#timers = given.timers ?? systemTimers;
  }

  now(): number {
    return this.#timers.now();
  }

  /** Calls `callback` once. @returns a function that cancels it */
  after(delayMs: number, callback: () => void): () => void {
    const timer = this.#timers.setTimeout(callback, delayMs);
    return () => this.#timers.clearTimeout(timer);
  }

  /** Sleep that `wake` cuts short. */
  async sleep(durationMs: number): Promise<void> {
    if (durationMs <= 0) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(wake);
        cancel();
        resolve();
      };
      const cancel = this.after(durationMs, wake);
      this.#sleepers.add(wake);
    });
  }

  /** Cuts all sleep short: the network is back, or all is over. */
  readonly wake = (): void => {
    for (const wake of this.#sleepers) wake();
  };

  newId(): string {
    return randomId(this.random);
  }
}
