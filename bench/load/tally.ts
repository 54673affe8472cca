/** What one sender sent one receiver, checked on arrival. */
export class Stream {
  readonly #tally: Tally;
  readonly #sentAtMs = new Map<number, number>();
  readonly #startedAs = new Map<number, number>();
  readonly #acceptedAs = new Map<number, number>();
  readonly #received = new Set<number>();
  #latestStart = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  get received(): number {
    return this.#received.size;
  }

  sending(sequence: number): void {
    this.#tally.sent++;
    this.#startedAs.set(sequence, this.#tally.tick());
    this.#sentAtMs.set(sequence, performance.now());
  }

  accepted(sequence: number): void {
    this.#acceptedAs.set(sequence, this.#tally.tick());
  }

  /** False for a message that had arrived before. */
  arrived(sequence: number): boolean {
    if (this.#received.has(sequence)) {
      this.#tally.doubled++;
      return false;
    }
    this.#received.add(sequence);
    this.#tally.delivered++;
    this.#tally.latenciesMs.push(performance.now() - (this.#sentAtMs.get(sequence) ?? Number.NaN));
    this.#checkOrder(sequence);
    return true;
  }

  /**
   * Reordered: a message whose acceptance the sender knew before it started another one arrives behind that other one.
   * Of sends in flight together either may win; those that arrive in another order than they started merely overtook.
   */
  #checkOrder(sequence: number): void {
    const started = this.#startedAs.get(sequence) ?? 0;
    if (started > this.#latestStart) {
      this.#latestStart = started;
      return;
    }
    this.#tally.overtaken++;
    const accepted = this.#acceptedAs.get(sequence);
    if (accepted !== undefined && accepted < this.#latestStart) this.#tally.reordered++;
  }
}

/** What a measured stretch of load did. */
export class Tally {
  sent = 0;
  delivered = 0;
  doubled = 0;
  reordered = 0;
  overtaken = 0;
  /** From the start of the send to the receipt, both on the generator's clock. */
  readonly latenciesMs: number[] = [];
  #clock = 0;

  get lost(): number {
    return this.sent - this.delivered;
  }

  /** A clock that never stands still, for "before" and "after". */
  tick(): number {
    return ++this.#clock;
  }
}
