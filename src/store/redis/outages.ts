import type { SignallingError } from '../../signalling/errors.ts';
import { unavailable } from '../refusals.ts';

/** Failures that lie further apart are two outages: every process runs a few scripts a second. */
const GAP_MS = 5_000;

/** A time in which Redis, or a node of it, did not do what it was asked to (real ms). */
interface Outage {
  readonly sinceMs: number;
  /** The last time that something failed. */
  readonly untilMs: number;
  readonly error: SignallingError;
}

/** When Redis was out of this process's reach. */
export class Outages {
  #newest: Outage | undefined;
  #reportedMs = -Infinity;

  /** @returns the refusal for the caller whose request failed */
  add(cause: unknown): SignallingError {
    const nowMs = performance.now();
    const error = unavailable(cause);
    const sinceMs = this.since(nowMs - GAP_MS)?.sinceMs ?? nowMs;
    this.#newest = { sinceMs, untilMs: nowMs, error };
    return error;
  }

  /** The newest outage, if anything has failed because of it since then (real ms). */
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
