import type { MailboxId } from '../../signalling/ids.ts';

/**
 * How far each mailbox was handed out in replies, so that a message which is sent again counts once. Holds mailboxes only from a
 * reply to its acknowledgement.
 */
export class HandedOut {
  readonly #positions = new Map<MailboxId, number>();

  /** 0 when nothing unacknowledged was handed out: what is acknowledged is never read again. */
  upTo(mailboxId: MailboxId): number {
    return this.#positions.get(mailboxId) ?? 0;
  }

  note(mailboxId: MailboxId, position: number): void {
    if (position > this.upTo(mailboxId)) this.#positions.set(mailboxId, position);
  }

  acknowledge(mailboxId: MailboxId, position: number): void {
    if (position >= this.upTo(mailboxId)) this.#positions.delete(mailboxId);
  }

  forget(mailboxId: MailboxId): void {
    this.#positions.delete(mailboxId);
  }
}
