import type { Clock } from './clock.ts';
import { isUnavailable } from './errors.ts';

/** Log for operators. */
export interface ServiceLog {
  info(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** Bounds the refusals kept until the next sweep, at most half a second later; further ones are not logged. */
const MAX_REFUSALS = 100;

/**
 * Logs background work, and requests that the store refused. During an outage of the store, every sweep, readiness
 * check and request fails, so an outage is logged once when it begins and once when it ends. A service that is not
 * ready for another reason is logged in the same way.
 */
export class BackgroundLog {
  readonly #log: ServiceLog;
  readonly #clock: Clock;
  #awaySinceMs: number | undefined;
  /** Log fields of refused requests. A sweep decides whether they belong to an outage; if not, they are logged. */
  #refusals: object[] = [];
  /** The error of a failed readiness check; logged like the refusals. */
  #notReady: unknown;
  #isNotReady = false;

  constructor(log: ServiceLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  sweepFailed(error: unknown): void {
    if (!isUnavailable(error)) {
      this.#log.error({ err: error }, 'background work failed');
      return;
    }
    this.#notReady = undefined;
    this.#refusals = [];
    if (this.#awaySinceMs !== undefined) return;
    this.#awaySinceMs = this.#clock.steadyMs();
    this.#log.error({ err: error }, 'the store is unavailable');
  }

  swept(): void {
    if (this.#awaySinceMs !== undefined) {
      const unavailableMs = Math.round(this.#clock.steadyMs() - this.#awaySinceMs);
      this.#awaySinceMs = undefined;
      this.#log.info({ unavailableMs }, 'the store is available again');
      return;
    }
    this.flush();
    if (this.#notReady === undefined) return;
    this.#log.error({ err: this.#notReady }, 'the service is not ready');
    this.#notReady = undefined;
    this.#isNotReady = true;
  }

  /** @param refusal log fields of a request that got `storage-unavailable` */
  requestRefused(refusal: object): void {
    if (this.#awaySinceMs === undefined && this.#refusals.length < MAX_REFUSALS) this.#refusals.push(refusal);
  }

  /** Logs the refusals without waiting for the next sweep. */
  flush(): void {
    for (const refusal of this.#refusals) this.#log.error(refusal, 'request failed');
    this.#refusals = [];
  }

  checkFailed(error: unknown): void {
    if (this.#awaySinceMs === undefined && !this.#isNotReady) this.#notReady = error;
  }

  checkPassed(): void {
    this.#notReady = undefined;
    if (!this.#isNotReady) return;
    this.#isNotReady = false;
    this.#log.info({}, 'the service is ready again');
  }
}
