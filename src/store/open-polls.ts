import type { MailboxId } from '../signalling/ids.ts';
import type { Mailbox } from '../signalling/message.ts';
import type { PollOutcome, PollPresence } from '../signalling/store.ts';

export interface HoldRequest {
  readonly forMs: number;
  readonly position: number | undefined;
  /** The poll is held already. */
  readonly isRenewal: boolean;
}

/** What a store records about the polls of one mailbox. */
interface MailboxPresence {
  hold(mailbox: Mailbox, hold: HoldRequest): void;
  supersedeElsewhere(mailbox: Mailbox): void;
  /** The last poll of the mailbox on this process has ended. */
  end(mailbox: Mailbox, outcome: PollOutcome): void;
}

/** The open polls of this process. Decides which of them count for their mailbox, by the rule of `PollPresence`. */
export class OpenPolls {
  readonly presence: MailboxPresence;
  /** The newest poll of each mailbox that counts; each knows the next older one. */
  readonly newest = new Map<MailboxId, OpenPoll>();

  constructor(presence: MailboxPresence) {
    this.presence = presence;
  }

  open(mailbox: Mailbox): PollPresence {
    const poll = new OpenPoll(this, mailbox);
    this.newest.set(mailbox.mailboxId, poll);
    return poll;
  }
}

class OpenPoll implements PollPresence {
  readonly #polls: OpenPolls;
  readonly #mailbox: Mailbox;
  #older: OpenPoll | undefined;
  #counts = true;
  #isHeld = false;

  constructor(polls: OpenPolls, mailbox: Mailbox) {
    this.#polls = polls;
    this.#mailbox = mailbox;
    this.#older = polls.newest.get(mailbox.mailboxId);
  }

  hold(forMs: number, position?: number): void {
    this.#forgetOlder();
    this.#polls.presence.hold(this.#mailbox, { forMs, position, isRenewal: this.#isHeld });
    this.#isHeld = true;
  }

  supersedeOthers(): void {
    this.#forgetOlder();
    this.#polls.presence.supersedeElsewhere(this.#mailbox);
  }

  end(outcome: PollOutcome): void {
    if (this.#counts) this.#leave();
    if (!this.#polls.newest.has(this.#mailbox.mailboxId)) this.#polls.presence.end(this.#mailbox, outcome);
  }

  /** Does nothing for a poll that is itself forgotten. */
  #forgetOlder(): void {
    for (let older = this.#counts ? this.#older : undefined; older !== undefined; older = older.#older)
      older.#counts = false;
    this.#older = undefined;
  }

  #leave(): void {
    this.#counts = false;
    const { newest } = this.#polls;
    const { mailboxId } = this.#mailbox;
    let newer = newest.get(mailboxId);
    if (newer === this) {
      if (this.#older === undefined) newest.delete(mailboxId);
      else newest.set(mailboxId, this.#older);
      return;
    }
    while (newer !== undefined && newer.#older !== this) newer = newer.#older;
    if (newer !== undefined) newer.#older = this.#older;
  }
}
