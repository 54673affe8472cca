/** A healthy Redis answers within milliseconds; one that takes longer than this counts as unavailable. */
const TIMEOUT_MS = 3_000;
const CHECK_EVERY_MS = 250;
const STALL_MS = 1_000;

interface Pending {
  readonly sinceMs: number;
  readonly reject: (error: Error) => void;
}

/**
 * Rejects commands that get no reply. A broken network may deliver neither a reply nor an error, and the client library
 * keeps writing. perf: one timer for all commands, since a timer per command costs more than the command.
 */
export class CommandTimeouts {
  readonly #pending = new Set<Pending>();
  readonly #timer: NodeJS.Timeout;

  /** @param onTimeout called after commands were rejected */
  constructor(onTimeout: () => void) {
    let checkedAt = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      const stalledMs = nowMs - checkedAt - CHECK_EVERY_MS;
      checkedAt = nowMs;
      // After a stall of this process, the replies may already wait in the socket.
      if (stalledMs < STALL_MS && this.#rejectOverdue()) onTimeout();
    }, CHECK_EVERY_MS);
    this.#timer.unref();
  }

  async watch<T>(reply: Promise<T>): Promise<T> {
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const pending = { sinceMs: performance.now(), reject };
    this.#pending.add(pending);
    try {
      return await Promise.race([reply, timeout]);
    } finally {
      this.#pending.delete(pending);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #rejectOverdue(): boolean {
    const fromMs = performance.now() - TIMEOUT_MS;
    let found = false;
    // A set iterates in insertion order, so the oldest commands come first.
    for (const pending of this.#pending) {
      if (pending.sinceMs > fromMs) break;
      found = true;
      pending.reject(new Error(`Redis has not answered for ${TIMEOUT_MS} ms`));
    }
    return found;
  }
}
