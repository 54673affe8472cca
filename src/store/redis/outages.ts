import { type SignallingError, storeUnavailable } from '../../signalling/errors.ts';

/** Failures further apart than this are separate outages, since every process runs a few scripts a second. */
const GAP_MS = 5_000;

/** A period in which Redis, or one of its nodes, failed (real ms). */
interface Outage {
  readonly sinceMs: number;
  /** Time of the last failure. */
  readonly untilMs: number;
  readonly error: SignallingError;
}

/** Records the periods in which this process could not use Redis. */
export class Outages {
  #newest: Outage | undefined;
  #reportedMs = -Infinity;

  /** @returns the refusal for the request that failed */
  add(cause: unknown): SignallingError {
    const nowMs = performance.now();
    const error = storeUnavailable(cause);
    const sinceMs = this.since(nowMs - GAP_MS)?.sinceMs ?? nowMs;
    this.#newest = { sinceMs, untilMs: nowMs, error };
    return error;
  }

  /** The newest outage, if it has caused a failure since `fromMs` (real ms). */
  since(fromMs: number): Outage | undefined {
    return this.#newest !== undefined && this.#newest.untilMs >= fromMs ? this.#newest : undefined;
  }

  /** @throws SignallingError `storage-unavailable` if anything has failed since the last call */
  report(): void {
    const outage = this.since(this.#reportedMs);
    this.#reportedMs = performance.now();
    if (outage !== undefined) throw outage.error;
  }
}
