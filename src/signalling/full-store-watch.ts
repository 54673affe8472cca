import type { Clock } from './clock.ts';
import { isStoreFull } from './errors.ts';
import type { StoreUsage } from './store.ts';

/** Interval of the checks whether a full store has room again. */
const CHECK_EVERY_MS = 10_000;

interface FullStoreWatchOptions {
  readonly usage: () => Promise<StoreUsage>;
  readonly clock: Clock;
  /** Called once per episode with true when the store is full, and with false when it has room again. */
  readonly onChange: (isFull: boolean) => void;
}

/**
 * Reports a full store to operators. An episode begins with the first request that is refused because the store is
 * full. It ends when a check finds room and no request was refused since the last check, so that a store that hovers at
 * its limit is one episode.
 */
export class FullStoreWatch {
  readonly #options: FullStoreWatchOptions;
  #wasRefused = false;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(options: FullStoreWatchOptions) {
    this.#options = options;
  }

  /** Ignores errors that do not come from a full store. */
  noteRefusal(error: unknown): void {
    if (!isStoreFull(error) || this.#isStopped) return;
    this.#wasRefused = true;
    if (this.#cancel !== undefined) return;
    this.#options.onChange(true);
    this.#scheduleCheck();
  }

  /** False if the store does not respond. */
  async isFull(): Promise<boolean> {
    const usage = await this.#options.usage().catch(() => undefined);
    return usage?.isFull === true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #scheduleCheck(): void {
    this.#wasRefused = false;
    this.#cancel = this.#options.clock.after(CHECK_EVERY_MS, () => void this.#check());
  }

  async #check(): Promise<void> {
    const isFull = await this.isFull();
    if (this.#isStopped) return;
    if (isFull || this.#wasRefused) this.#scheduleCheck();
    else {
      this.#cancel = undefined;
      this.#options.onChange(false);
    }
  }
}
