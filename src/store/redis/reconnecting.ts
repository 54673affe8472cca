const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** How long a replaced connection stays open for its commands in flight. */
const LINGER_MS = 4_000;

interface Closable {
  destroy(): void;
}

interface Options<T> {
  /** Calls `onLost`, at least once, when the connection is no longer usable. */
  readonly open: (onLost: () => void) => Promise<T>;
  /** Called after every opening except the first. */
  readonly onReopened: () => void;
}

/**
 * One connection, or one cluster client, that is reopened whenever it is lost: at once, then with growing pauses and
 * full jitter. The library's own reconnecting offers no step to check a connection before commands use it
 * (docs/adr/0029-redis-connections.md).
 */
export class Reconnecting<T extends Closable> {
  readonly #options: Options<T>;
  #current: T | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(options: Options<T>) {
    this.#options = options;
  }

  /** Call once, before any other method. Rejects when the first opening fails. */
  async connect(): Promise<void> {
    await this.#open();
  }

  /** Undefined while there is no connection. */
  get current(): T | undefined {
    return this.#current;
  }

  /** Drops the connection and opens another. */
  reconnect(): void {
    this.#onLost(this.#current);
  }

  /**
   * Opens another connection first, and drops the current one after its commands in flight have had time to finish.
   * Rejects when the opening fails, or when the current connection is lost meanwhile.
   */
  async replace(): Promise<void> {
    const before = this.#current;
    if (before === undefined) return;
    await this.#open(before);
    setTimeout(() => before.destroy(), LINGER_MS).unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#current?.destroy();
    this.#current = undefined;
  }

  /** Replaces `before` if that is still the current connection. */
  async #open(before?: T): Promise<void> {
    const state: { opened?: T; isLost?: true } = {};
    const opened = await this.#options.open(() => {
      state.isLost = true;
      this.#onLost(state.opened);
    });
    if (state.isLost === true || this.#isClosed || this.#current !== before) {
      opened.destroy();
      throw new Error('the connection was lost at once');
    }
    state.opened = opened;
    this.#current = opened;
  }

  #onLost(lost: T | undefined): void {
    if (lost === undefined || lost !== this.#current) return;
    this.#current = undefined;
    lost.destroy();
    this.#reopenLater();
  }

  #reopenLater(): void {
    if (this.#isClosed) return;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#reopen(), Math.random() * longest);
    this.#timer.unref();
  }

  async #reopen(): Promise<void> {
    try {
      await this.#open();
    } catch {
      this.#reopenLater();
      return;
    }
    this.#failures = 0;
    if (this.#current !== undefined) this.#options.onReopened();
  }
}
