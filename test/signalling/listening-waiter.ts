import type { MailboxId, ParticipantId, RoomId } from '../../src/signalling/ids.ts';
import type { Mailbox } from '../../src/signalling/message.ts';
import type { WaitEnd, Waiter, Waiters } from '../../src/signalling/waiters.ts';

/** A waiter that leaves at its end, as a poll does. */
export class ListeningWaiter implements Waiter {
  readonly mailbox: Mailbox;
  readonly transport = 'poll';
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
    this.mailbox = { roomId: 'room' as RoomId, participantId: mailboxId as string as ParticipantId, mailboxId };
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
