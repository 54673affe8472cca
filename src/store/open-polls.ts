import type { MailboxId } from '../signalling/ids.ts';
import type { Mailbox } from '../signalling/message.ts';
import type { PollOutcome, PollPresence } from '../signalling/store.ts';

/** What a store records about the polls of one mailbox. */
interface MailboxPresence {
  hold(mailbox: Mailbox, forMs: number, position: number | undefined): void;
  supersedeElsewhere(mailbox: Mailbox): void;
  /** The last poll of the mailbox on this process has ended. */
  end(mailbox: Mailbox, outcome: PollOutcome): void;
}

/** The open polls of this process. Decides which of them count for their mailbox, by the rule of `PollPresence`. */
export class OpenPolls {
  readonly presence: MailboxPresence;
  /** Oldest first. */
  readonly #polls = new Map<MailboxId, Set<OpenPoll>>();

  constructor(presence: MailboxPresence) {
    this.presence = presence;
  }

  open(mailbox: Mailbox): PollPresence {
    const poll = new OpenPoll(this, mailbox);
    const polls = this.#polls.get(mailbox.mailboxId);
    if (polls === undefined) this.#polls.set(mailbox.mailboxId, new Set([poll]));
    else polls.add(poll);
    return poll;
  }

  /** Does nothing for a poll that is itself forgotten. */
  forgetOlder(mailboxId: MailboxId, poll: OpenPoll): void {
    const polls = this.#polls.get(mailboxId);
    if (polls?.has(poll) !== true) return;
    for (const older of polls) {
      if (older === poll) return;
      polls.delete(older);
    }
  }

  /** @returns whether it was the last open poll of its mailbox */
  remove(mailboxId: MailboxId, poll: OpenPoll): boolean {
    const polls = this.#polls.get(mailboxId);
    polls?.delete(poll);
    if (polls !== undefined && polls.size > 0) return false;
    this.#polls.delete(mailboxId);
    return true;
  }
}

class OpenPoll implements PollPresence {
  readonly #polls: OpenPolls;
  readonly #mailbox: Mailbox;

  constructor(polls: OpenPolls, mailbox: Mailbox) {
    this.#polls = polls;
    this.#mailbox = mailbox;
  }

  hold(forMs: number, position?: number): void {
    this.#polls.forgetOlder(this.#mailbox.mailboxId, this);
    this.#polls.presence.hold(this.#mailbox, forMs, position);
  }

  supersedeOthers(): void {
    this.#polls.forgetOlder(this.#mailbox.mailboxId, this);
    this.#polls.presence.supersedeElsewhere(this.#mailbox);
  }

  end(outcome: PollOutcome): void {
    const isLast = this.#polls.remove(this.#mailbox.mailboxId, this);
    if (isLast) this.#polls.presence.end(this.#mailbox, outcome);
  }
}
