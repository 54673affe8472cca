import type { Clock } from './clock.ts';
import { ExpiringMap } from './expiring-map.ts';
import { FREE_JOIN_REPLAYS, FREE_JOIN_REPLAYS_WINDOW_MS } from './limits.ts';

interface Window {
  readonly endsAtMs: number;
  left: number;
}

/**
 * Counts the replays of each keyed join in this process: retries after lost replies are free, a loop is charged. A
 * window begins with the first replay of its key and is forgotten after its end, so that only keys in use take memory.
 */
export class FreeReplays {
  readonly #clock: Clock;
  readonly #windows = new ExpiringMap<string, Window>(({ endsAtMs }) => endsAtMs);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of remembered keys. */
  get size(): number {
    return this.#windows.size;
  }

  /** Counts one replay of the idempotency scope. @returns whether it is free */
  take(scope: string): boolean {
    const nowMs = this.#clock.steadyMs();
    const known = this.#windows.get(scope);
    const window = known !== undefined && known.endsAtMs > nowMs ? known : this.#begin(scope, nowMs);
    if (window.left === 0) return false;
    window.left -= 1;
    return true;
  }

  #begin(scope: string, nowMs: number): Window {
    const window = { endsAtMs: nowMs + FREE_JOIN_REPLAYS_WINDOW_MS, left: FREE_JOIN_REPLAYS };
    this.#windows.set(scope, window, nowMs);
    return window;
  }
}
