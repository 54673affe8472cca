import type { MailboxId } from '../../signalling/ids.ts';
import type { Mailbox } from '../../signalling/message.ts';

export interface HeldPoll {
  readonly mailbox: Mailbox;
  /** Steady ms of the fleet. */
  readonly untilMs: number;
  readonly position: number | undefined;
  /** The newest hold when it read. */
  readonly seenHold: number | undefined;
  /** Which hold of the mailbox it is, over all processes; undefined until Redis has said so. */
  hold: number | undefined;
  /** Redis is being told. */
  isBeingTold: boolean;
  /** The newest hold of another process that was heard of meanwhile. */
  supersededBy: number;
}

/** The polls of this process that Redis knows of, or is being told of. */
export class HeldPolls {
  readonly #polls = new Map<MailboxId, HeldPoll>();

  begin(mailbox: Mailbox, begun: Pick<HeldPoll, 'untilMs' | 'position' | 'seenHold'>): HeldPoll {
    const poll = { mailbox, ...begun, hold: undefined, isBeingTold: false, supersededBy: 0 };
    this.#polls.set(mailbox.mailboxId, poll);
    return poll;
  }

  end({ mailboxId }: Mailbox): void {
    this.#polls.delete(mailboxId);
  }

  /** By whose proof the newest poll here is held. */
  takeoverOf(mailboxId: MailboxId): number | undefined {
    return this.#polls.get(mailboxId)?.mailbox.takeover;
  }

  has(poll: HeldPoll): boolean {
    return this.#polls.get(poll.mailbox.mailboxId) === poll;
  }

  all(): readonly HeldPoll[] {
    return [...this.#polls.values()];
  }

  /** @returns whether the poll that is held here now is older than that hold */
  supersede(mailboxId: MailboxId, hold: number): boolean {
    const poll = this.#polls.get(mailboxId);
    if (poll === undefined) return false;
    poll.supersededBy = Math.max(poll.supersededBy, hold);
    return poll.hold !== undefined && poll.hold < hold;
  }

  /** @returns whether it was superseded before its number was known, and still is the newest here */
  confirm(poll: HeldPoll, hold: number): boolean {
    poll.hold = hold;
    return hold < poll.supersededBy && this.has(poll);
  }
}
