import type { HoldlineError } from './errors.ts';
import type { Timers } from './platform.ts';

/** Longer than a restart of the server, or a phone's change of networks. React Native shows errors without a listener to users. */
const BLIP_MS = 10_000;
/** A proxy may answer one request in the server's place while that restarts. */
const FOREIGN_IN_A_ROW = 2;

/**
 * Tells the app once per outage why requests fail: when the outage lasts, or at the second answer in a row that waiting alone
 * does not mend.
 */
export class Outage {
  readonly #timers: Timers;
  readonly #tell: (error: HoldlineError) => void;
  #sinceMs: number | undefined;
  #inARow = 0;
  isTold = false;
  /** The last failure, while the outage lasts. */
  error: HoldlineError | undefined;

  constructor(timers: Timers, tell: (error: HoldlineError) => void) {
    this.#timers = timers;
    this.#tell = tell;
  }

  /** @param isLasting whether waiting alone does not mend it, as when a login page answers */
  failed(error: HoldlineError, isLasting: boolean): void {
    this.error = error;
    const nowMs = this.#timers.now();
    this.#sinceMs ??= nowMs;
    this.#inARow = isLasting ? this.#inARow + 1 : 0;
    const isBlip = nowMs - this.#sinceMs < BLIP_MS;
    if (this.isTold || (isBlip && this.#inARow < FOREIGN_IN_A_ROW)) return;
    this.isTold = true;
    this.#tell(error);
  }

  /** The machine slept, or has another network: what failed before says nothing of it. */
  restart(): void {
    this.#sinceMs = undefined;
    this.#inARow = 0;
  }

  over(): void {
    this.restart();
    this.isTold = false;
    this.error = undefined;
  }
}
