import type { Timers } from './platform.ts';

/** Two cuts this close together were made by the same clock. */
const SAME_AGE_MS = 1_000;
const SAME_AGE_SHARE = 0.15;
/** Kept clear of the limit: the answer has to travel too. */
const SAFETY_SHARE = 0.9;
const SAFETY_MS = 500;
/** After this the limit is tried again: phones change networks without telling. */
const FORGET_MS = 30 * 60_000;
/** Polls that vanish without a word are halved down to this. */
const MIN_SILENT_SECONDS = 5;

/** Learns how long the network lets a poll be held: two polls cut at about the same age lower `wait` below that age. */
export class PollWindow {
  readonly #timers: Timers;
  readonly #initialSeconds: number;
  #learned: { seconds: number; atMs: number } | undefined;
  /** 0: none. */
  #lastCutMs = 0;
  #silent = 0;

  constructor(timers: Timers, initialSeconds: number) {
    this.#timers = timers;
    this.#initialSeconds = initialSeconds;
  }

  /** What to send as `wait`, in whole seconds. */
  get waitSeconds(): number {
    if (this.#learned && this.#timers.now() - this.#learned.atMs > FORGET_MS) this.reset();
    return this.#learned?.seconds ?? this.#initialSeconds;
  }

  /** A poll was answered at this age. */
  held(ageMs: number): void {
    this.#silent = 0;
    if (ageMs > this.#lastCutMs) this.#lastCutMs = 0;
  }

  /**
   * A poll that had been held for a while ended at this age without a usable answer. A browser repeats a request whose connection
   * was reset, and tells nobody (Chromium does so twice): the age may be a multiple of the limit.
   */
  cut(ageMs: number): void {
    const before = this.#lastCutMs;
    this.#lastCutMs = ageMs;
    // It was repeated: one poll would have had its answer by then.
    if (ageMs > this.waitSeconds * 1_000 + SAME_AGE_MS) this.#learn(Math.floor(this.waitSeconds / 2));
    else if (before && ofOneClock(before, ageMs)) {
      this.#learn(Math.floor((Math.min(before, ageMs) * SAFETY_SHARE - SAFETY_MS) / 1_000));
    }
  }

  /** A poll got no answer at all, not even a closed connection: something on the way forgets idle connections. */
  vanished(): void {
    this.#silent += 1;
    if (this.#silent >= 2) this.#learn(Math.max(MIN_SILENT_SECONDS, Math.floor(this.waitSeconds / 2)));
  }

  /** It may be another network now. */
  reset(): void {
    this.#learned = undefined;
    this.#lastCutMs = 0;
    this.#silent = 0;
  }

  #learn(atMost: number): void {
    const seconds = Math.max(1, atMost);
    this.#silent = 0;
    this.#lastCutMs = 0;
    if (seconds < this.waitSeconds) this.#learned = { seconds, atMs: this.#timers.now() };
  }
}

/** Whether one is about as old as the other, or as that twice or three times over. */
function ofOneClock(a: number, b: number): boolean {
  const [low, high] = a < b ? [a, b] : [b, a];
  const times = Math.round(high / low);
  const tolerance = SAME_AGE_SHARE * high;
  return times <= 3 && Math.abs(high - times * low) <= (times === 1 ? Math.max(SAME_AGE_MS, tolerance) : tolerance);
}
