import type { Clock } from './clock.ts';
import type { MailboxId } from './ids.ts';
import { POLL_BURST, POLL_INTERVAL_MS } from './limits.ts';

const FORGET_AT_SIZE = 1_024;

/**
 * Slows a busy poll loop down instead of refusing it (generic cell rate algorithm: one number per mailbox, the time at which
 * its next poll would be due). A loop without pause becomes 5 polls a second, and a storm of candidates becomes batches.
 */
export class PollPacer {
  readonly #clock: Clock;
  readonly #dueMs = new Map<MailboxId, number>();
  #forgetAtSize = FORGET_AT_SIZE;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns by how many milliseconds, 0 to 200, this poll is answered later */
  delayMs(mailboxId: MailboxId): number {
    const nowMs = this.#clock.steadyMs();
    const burstMs = POLL_BURST * POLL_INTERVAL_MS;
    const dueMs = Math.max(nowMs, this.#dueMs.get(mailboxId) ?? 0);
    const delayMs = Math.min(Math.max(0, dueMs - nowMs - burstMs + POLL_INTERVAL_MS), POLL_INTERVAL_MS);
    this.#dueMs.set(mailboxId, Math.min(dueMs + POLL_INTERVAL_MS, nowMs + burstMs + POLL_INTERVAL_MS));
    if (this.#dueMs.size > this.#forgetAtSize) this.#forgetIdle(nowMs);
    return delayMs;
  }

  #forgetIdle(nowMs: number): void {
    for (const [mailboxId, dueMs] of this.#dueMs) if (dueMs <= nowMs) this.#dueMs.delete(mailboxId);
    this.#forgetAtSize = Math.max(FORGET_AT_SIZE, this.#dueMs.size * 2);
  }
}
