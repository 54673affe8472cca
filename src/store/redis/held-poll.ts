import type { Mailbox } from '../../signalling/message.ts';

interface Begun {
  /** Shared ms. */
  readonly untilMs: number;
  /** Up to which the poll has read. */
  readonly position: number | undefined;
  /** The newest hold when the poll read. */
  readonly seenHold: number | undefined;
}

/**
 * A poll that this process holds, and its number. Redis numbers the holds of a mailbox over all processes: a higher number is a newer
 * poll.
 */
export class HeldPoll {
  readonly mailbox: Mailbox;
  readonly begun: Begun;
  /** In flight while Redis is recording the poll: two concurrent calls would make the poll supersede itself. */
  recording: Promise<boolean> | undefined;
  #number: number | undefined;
  /** The newest hold of another process that a hint has named. */
  #supersededBy = 0;

  constructor(mailbox: Mailbox, begun: Begun) {
    this.mailbox = mailbox;
    this.begun = begun;
  }

  /** Undefined until Redis has answered. */
  get number(): number | undefined {
    return this.#number;
  }

  /** @returns whether a newer hold was named before the number was known */
  recordedAs(number: number): boolean {
    this.#number = number;
    return number < this.#supersededBy;
  }

  /** The call failed: Redis may have given the poll a number that this process does not know. */
  forgetNumber(): void {
    this.#number = undefined;
  }

  /** @returns whether this poll is known to be older than that hold */
  supersede(hold: number): boolean {
    this.#supersededBy = Math.max(this.#supersededBy, hold);
    return this.#number !== undefined && this.#number < hold;
  }
}
