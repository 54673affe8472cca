import type { Runtime } from './runtime.ts';

/** Two cuts whose ages differ by less than this share were made by the same clock. */
const SAME_AGE_SHARE = 0.2;
/** Browsers repeat a request whose connection was reset, without an event for the page (Chromium does so twice). */
const MAX_REPEATS = 3;
/** The longest time that an answer takes to travel. */
const LATE_MS = 1_000;
/** Margin below the limit: the answer has to travel, too. */
const SAFETY_SHARE = 0.9;
const SAFETY_SECONDS = 0.5;
/** Time after which the limit is tried again: phones change networks without an event. */
const FORGET_MS = 30 * 60_000;

/**
 * Learns how long the network lets a poll be held: two polls cut at about the same age lower `wait` below that age. The
 * server sees such cuts, too, and names its window in a response that it ended early.
 */
export class PollWindow {
  readonly #runtime: Pick<Runtime, 'now'>;
  readonly #initialSeconds: number;
  #learnedSeconds = 0;
  #learnedAtMs = -Infinity;
  /** 0: no cut yet. */
  #lastCutMs = 0;

  constructor(runtime: Pick<Runtime, 'now'>, initialSeconds: number) {
    this.#runtime = runtime;
    this.#initialSeconds = initialSeconds;
  }

  /** The value of `wait`, in whole seconds. */
  get waitSeconds(): number {
    const isKnown = this.#runtime.now() - this.#learnedAtMs < FORGET_MS;
    return isKnown ? this.#learnedSeconds : this.#initialSeconds;
  }

  /** Records that a poll which had been held ended at this age without a usable answer. */
  cut(ageMs: number): void {
    const limitMs = Math.min(this.#lastCutMs, ageMs);
    const times = Math.max(this.#lastCutMs, ageMs) / limitMs;
    const isSameClock = times < MAX_REPEATS + SAME_AGE_SHARE && Math.abs(times - Math.round(times)) < SAME_AGE_SHARE;
    this.#lastCutMs = ageMs;
    if (!isSameClock) return;
    const { waitSeconds } = this;
    // Later than the answer was due: the browser repeated the poll, or its answer was lost. The limit is unknown.
    const isLate = limitMs > waitSeconds * 1_000 + LATE_MS;
    const seconds = isLate ? waitSeconds / 2 : (limitMs / 1_000) * SAFETY_SHARE - SAFETY_SECONDS;
    this.shorten(seconds);
  }

  /** Asks for at most this long from now on: the limit was found here, or by the server. */
  shorten(seconds: number): void {
    this.#learnedSeconds = Math.max(1, Math.floor(Math.min(this.waitSeconds, seconds)));
    this.#learnedAtMs = this.#runtime.now();
    this.#lastCutMs = 0;
  }

  /** Forgets the limit: the network may have changed. */
  reset(): void {
    this.#learnedAtMs = -Infinity;
    this.#lastCutMs = 0;
  }
}
