/** A healthy Redis answers within milliseconds; one that takes longer than this counts as gone. */
const ANSWER_WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 250;
const STALL_MS = 1_000;

interface Pending {
  readonly sinceMs: number;
  readonly reject: (error: Error) => void;
}

/**
 * Nothing waits for Redis for ever: across a broken network neither an answer nor an error may come, and the client library goes on
 * writing. One timer for all, since a timer for each command would cost more than the command.
 */
export class Deadlines {
  readonly #pending = new Set<Pending>();
  readonly #timer: NodeJS.Timeout;

  /** @param onLate called when an answer is late; whoever waited for it has been told */
  constructor(onLate: () => void) {
    let lookedAt = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      const stalledMs = nowMs - lookedAt - LOOK_EVERY_MS;
      lookedAt = nowMs;
      // It was this process that stood still: the answers may lie in the socket.
      if (stalledMs < STALL_MS && this.#expire()) onLate();
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async watch<T>(answer: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const pending = { sinceMs: performance.now(), reject };
    this.#pending.add(pending);
    try {
      return await Promise.race([answer, late]);
    } finally {
      this.#pending.delete(pending);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Sets keep the order of insertion: the oldest come first. */
  #expire(): boolean {
    const fromMs = performance.now() - ANSWER_WITHIN_MS;
    let isLate = false;
    for (const pending of this.#pending) {
      if (pending.sinceMs > fromMs) break;
      isLate = true;
      pending.reject(new Error(`Redis has not answered for ${ANSWER_WITHIN_MS} ms`));
    }
    return isLate;
  }
}
