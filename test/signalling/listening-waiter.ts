import type { MailboxId } from '../../src/signalling/ids.ts';
import type { WaitEnd, Waiter, Waiters } from '../../src/signalling/waiters.ts';

/** A waiter that leaves at its end, as a poll does. */
export class ListeningWaiter implements Waiter {
  readonly mailboxId: MailboxId;
  readonly heldFromMs: number | undefined;
  older: Waiter | undefined;
  /** Number of wake-ups so far. */
  woken = 0;
  ended: WaitEnd | undefined;
  readonly #onEnd: () => void;

  constructor(
    waiters: Waiters,
    mailboxId: MailboxId,
    { heldFromMs, onEnd }: { heldFromMs?: number; onEnd?: () => void } = {},
  ) {
    this.mailboxId = mailboxId;
    this.heldFromMs = heldFromMs;
    this.#onEnd = () => {
      waiters.leave(this);
      onEnd?.();
    };
    waiters.listen(this);
  }

  wake(): void {
    this.woken += 1;
  }

  end(end: WaitEnd): void {
    if (this.ended !== undefined) return;
    this.ended = end;
    this.#onEnd();
  }
}
