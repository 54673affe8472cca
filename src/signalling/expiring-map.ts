const FORGET_AT_SIZE = 1_024;

/**
 * A map that forgets ended entries as it grows, so that a flood of ever new keys takes memory for one window only. An
 * ended entry may still be read until then.
 */
export class ExpiringMap<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #endsAtMs: (value: Value) => number;
  #forgetAtSize = FORGET_AT_SIZE;

  /** @param endsAtMs the end of an entry, by the clock of `set`'s `nowMs` */
  constructor(endsAtMs: (value: Value) => number) {
    this.#endsAtMs = endsAtMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: Key, value: Value, nowMs: number): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#forgetAtSize) return;
    for (const [known, entry] of this.#entries) if (this.#endsAtMs(entry) <= nowMs) this.#entries.delete(known);
    this.#forgetAtSize = Math.max(FORGET_AT_SIZE, this.#entries.size * 2);
  }
}
