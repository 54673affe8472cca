/** The parts of the JavaScript runtime that the client uses. An app can replace each; the defaults are the globals. */
export interface Platform {
  readonly fetch: FetchLike;
  readonly timers: Timers;
  /** A number from 0 up to, not including, 1: for jitter, and for ids where the runtime has no `crypto`. */
  readonly random: () => number;
}

/** The part of `fetch` that is used. The `fetch` of browsers, React Native, Node and Deno fits. */
export type FetchLike = (url: string, init: FetchInit) => Promise<FetchReply>;

export interface FetchInit {
  readonly method: 'GET' | 'POST';
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal;
  readonly keepalive: boolean;
}

/** The body is read as text: React Native has no streams. */
export interface FetchReply {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

export interface Timers {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Milliseconds of a clock that continues while the machine sleeps, such as `Date.now`. */
  now(): number;
}

const systemTimers: Timers = {
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as number),
  now: () => Date.now(),
};

/** Time, randomness and `fetch` of one mailbox. */
export class Runtime {
  readonly fetch: FetchLike;
  readonly random: () => number;
  readonly #timers: Timers;
  readonly #sleepers = new Set<() => void>();

  constructor(given: Partial<Platform>) {
    // Called without an object: as a method of another object, the `fetch` of browsers throws "Illegal invocation".
    this.fetch = (url, init) => {
      const send = given.fetch ?? fetch;
      return send(url, init);
    };
    this.random = given.random ?? Math.random;
    this.#timers = given.timers ?? systemTimers;
  }

  now(): number {
    return this.#timers.now();
  }

  /** Calls `callback` once. @returns a function that cancels it */
  after(delayMs: number, callback: () => void): () => void {
    const timer = this.#timers.setTimeout(callback, delayMs);
    return () => this.#timers.clearTimeout(timer);
  }

  /** Interruptible sleep: `wake` ends it early. */
  async sleep(durationMs: number): Promise<void> {
    if (durationMs <= 0) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(wake);
        cancel();
        resolve();
      };
      const cancel = this.after(durationMs, wake);
      this.#sleepers.add(wake);
    });
  }

  /** Ends every sleep early, such as when the network is back or the mailbox ends. */
  readonly wake = (): void => {
    for (const wake of this.#sleepers) wake();
  };

  /**
   * A random UUID (RFC 9562, version 4) in lower case: for idempotency keys and calls. `crypto.randomUUID` is missing
   * on plain http and in React Native; without `crypto.getRandomValues` the id comes from `random`.
   */
  newId(): string {
    const template = 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx';
    const bytes = new Uint8Array(template.length).map(() => this.random() * 256);
    const { crypto } = globalThis as { crypto?: { getRandomValues?(array: Uint8Array): unknown } };
    crypto?.getRandomValues?.(bytes);
    return template.replace(/x/g, (_, index: number) => (Number(bytes[index]) & 15).toString(16));
  }
}
