import type { HoldlineError } from './errors.ts';
import type { Failure } from './http.ts';
import type { Timers } from './platform.ts';

/** Longer than a restart of the server, or a phone's change of networks. React Native shows errors without a listener to users. */
const BLIP_MS = 10_000;

/** Tells the app once per outage why requests fail: when it lasts, or when waiting alone does not mend it. */
export class Outage {
  readonly #timers: Timers;
  readonly #tell: (error: HoldlineError) => void;
  #sinceMs = 0;
  #isTold = false;
  /** The last failure, while the outage lasts. */
  error: HoldlineError | undefined;

  constructor(timers: Timers, tell: (error: HoldlineError) => void) {
    this.#timers = timers;
    this.#tell = tell;
  }

  failed(failure: Failure): void {
    const nowMs = this.#timers.now();
    const isFirst = !this.error;
    if (isFirst) this.#sinceMs = nowMs;
    this.error = failure.error;
    // Such as a login page; but a proxy may answer one request in the server's place while that restarts.
    const isLasting = !isFirst && (failure.kind === 'cut' ? failure.cause === 'foreign' : !failure.problem.retryable);
    if (this.#isTold || (!isLasting && nowMs - this.#sinceMs < BLIP_MS)) return;
    this.#isTold = true;
    this.#tell(failure.error);
  }

  over(): void {
    this.#isTold = false;
    this.error = undefined;
  }
}
