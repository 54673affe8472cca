import { after, type Timers } from './platform.ts';

/** Sleep that can be cut short for all sleepers at once: the network is back, or all is over. */
export class Alarm {
  readonly #timers: Timers;
  readonly #sleepers = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  sleep(durationMs: number): Promise<void> {
    if (durationMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(wake);
        cancel();
        resolve();
      };
      const cancel = after(this.#timers, durationMs, wake);
      this.#sleepers.add(wake);
    });
  }

  readonly ring = (): void => {
    for (const wake of this.#sleepers) wake();
  };
}
