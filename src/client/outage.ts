import type { HoldlineError } from './errors.ts';
import type { Timers } from './platform.ts';

/** Longer than a restart of the server, or a phone's change of networks. React Native shows errors without a listener to users. */
const BLIP_MS = 10_000;
/** A proxy may answer one request in the server's place while that restarts. */
const LASTING_IN_A_ROW = 2;
/** No pause between tries is longer, so the machine slept: what failed before says nothing of the network it has now. */
const SLEPT_MS = 90_000;

/** Tells the app once per outage why requests fail: when it lasts, or at the second failure in a row that waiting does not mend. */
export class Outage {
  readonly #timers: Timers;
  readonly #tell: (error: HoldlineError) => void;
  #sinceMs = 0;
  #lastMs = 0;
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
    const nowMs = this.#timers.now();
    if (!this.error || nowMs - this.#lastMs > SLEPT_MS) {
      this.#sinceMs = nowMs;
      this.#inARow = 0;
    }
    this.error = error;
    this.#lastMs = nowMs;
    this.#inARow = isLasting ? this.#inARow + 1 : 0;
    const isBlip = nowMs - this.#sinceMs < BLIP_MS && this.#inARow < LASTING_IN_A_ROW;
    if (this.isTold || isBlip) return;
    this.isTold = true;
    this.#tell(error);
  }

  over(): void {
    this.isTold = false;
    this.error = undefined;
  }
}
