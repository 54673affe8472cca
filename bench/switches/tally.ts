/** What one mailbox received of numbered messages, after copies of the same message were dropped by their id. */
export class NumberTally {
  readonly #ids = new Set<string>();
  readonly #numbers = new Set<number>();
  #highest = -1;
  doubled = 0;
  reordered = 0;
  /** Copies that deduplication dropped: a repeated cursor, or a lost acknowledgement. */
  copies = 0;
  expired = 0;

  take(id: string, number: number): void {
    if (this.#ids.has(id)) {
      this.copies += 1;
      return;
    }
    this.#ids.add(id);
    if (this.#numbers.has(number)) this.doubled += 1;
    else if (number < this.#highest) this.reordered += 1;
    this.#numbers.add(number);
    this.#highest = Math.max(this.#highest, number);
  }

  get size(): number {
    return this.#numbers.size;
  }

  /** @param sent the numbers below it got a 201 */
  lost(sent: number): number {
    return sent - this.#numbers.size;
  }
}
