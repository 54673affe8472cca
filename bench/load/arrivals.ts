/** Turns what a server pushes into the answers that `Participant.receive` waits for. */
export class Arrivals<Item> {
  readonly #items: Item[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  push(...items: readonly Item[]): void {
    this.#items.push(...items);
    this.#wake();
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** Resolves with at least one item, or with `over` after the last one. One call at a time. */
  async next(): Promise<Item[] | 'over'> {
    while (this.#items.length === 0) {
      if (this.#isOver) return 'over';
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#items.splice(0);
  }
}
