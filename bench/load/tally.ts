/** The messages from one sender to one receiver, checked on arrival. */
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

  /** @returns false for a duplicate */
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
   * Counts a message as reordered when it was accepted before the sender started another one, but arrives after that
   * one. Sends in flight together may arrive in any order; those in another order than they started count as overtaken.
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

/** The messages of a measured load. */
export class Tally {
  sent = 0;
  delivered = 0;
  doubled = 0;
  reordered = 0;
  overtaken = 0;
  /** Time from the start of the send to the receipt, by the generator's clock. */
  readonly latenciesMs: number[] = [];
  /** Of each connected call: time from its start until both sides have all messages. */
  readonly setupsMs: number[] = [];
  #clock = 0;

  get lost(): number {
    return this.sent - this.delivered;
  }

  /** Advances a logical clock for "before" and "after". */
  tick(): number {
    return ++this.#clock;
  }
}
