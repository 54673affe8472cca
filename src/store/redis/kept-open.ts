const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
const FAREWELL_MS = 4_000;

interface Closable {
  destroy(): void;
}

interface Options<T> {
  /** Calls `onLost`, at least once, when what it opened is of no use any more. */
  readonly open: (onLost: () => void) => Promise<T>;
  /** Called at every opening but the first. */
  readonly onReopened: (opened: T) => void;
}

/** One connection, or one cluster's, that is opened again whenever it is lost: at once, then with growing pauses, with full jitter. */
export class KeptOpen<T extends Closable> {
  readonly #options: Options<T>;
  #current: T | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  private constructor(options: Options<T>) {
    this.#options = options;
  }

  /** Rejects when the first opening fails. */
  static async open<T extends Closable>(options: Options<T>): Promise<KeptOpen<T>> {
    const kept = new KeptOpen(options);
    await kept.#open();
    return kept;
  }

  /** Undefined while there is none. */
  get current(): T | undefined {
    return this.#current;
  }

  /** Opens it anew, whatever it says of itself. */
  lose(): void {
    this.#lost(this.#current);
  }

  /**
   * Opens another beside it, and lets go of it once that is there and what is under way has had its time.
   * Rejects when that fails, or it was lost meanwhile.
   */
  async replace(): Promise<void> {
    const before = this.#current;
    if (before === undefined) return;
    await this.#open(before);
    setTimeout(() => before.destroy(), FAREWELL_MS).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#current?.destroy();
    this.#current = undefined;
  }

  /** Takes the place of `before`, if that is still there. */
  async #open(before?: T): Promise<T> {
    const state: { opened?: T; isLost?: true } = {};
    const opened = await this.#options.open(() => {
      state.isLost = true;
      this.#lost(state.opened);
    });
    if (state.isLost === true || this.#isClosed || this.#current !== before) {
      opened.destroy();
      throw new Error('the connection was lost at once');
    }
    state.opened = opened;
    this.#current = opened;
    return opened;
  }

  #lost(lost: T | undefined): void {
    if (lost === undefined || lost !== this.#current) return;
    this.#current = undefined;
    lost.destroy();
    this.#reopenLater();
  }

  #reopenLater(): void {
    if (this.#isClosed) return;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      this.#open().then(
        (opened) => {
          this.#failures = 0;
          this.#options.onReopened(opened);
        },
        () => this.#reopenLater(),
      );
    }, Math.random() * longest);
    this.#timer.unref();
  }
}
