import type { Mailbox } from '../../signalling/message.ts';

interface Begun {
  /** Shared ms. */
  readonly untilMs: number;
  /** Position up to which the poll, or the socket, has read. */
  readonly position: number | undefined;
  /** Number of the newest hold when the poll read. */
  readonly seenHold: number | undefined;
}

/**
 * A poll that this process holds, and its number. Redis numbers the holds of a mailbox across all processes: a higher
 * number is a newer poll.
 */
export class Hold {
  readonly mailbox: Mailbox;
  begun: Begun;
  /** In flight while Redis is recording the poll: two concurrent calls would make the poll supersede itself. */
  recording: Promise<boolean> | undefined;
  #number: number | undefined;
  /** Number of the newest hold of another process that a hint has named. */
  #supersededBy = 0;

  constructor(mailbox: Mailbox, begun: Begun) {
    this.mailbox = mailbox;
    this.begun = begun;
  }

  /** Undefined until Redis has replied. */
  get number(): number | undefined {
    return this.#number;
  }

  /** @returns whether a newer hold was named before the number was known */
  recordedAs(number: number): boolean {
    this.#number = number;
    return number < this.#supersededBy;
  }

  /** Call after a failure: Redis may have given the poll a number that never reached this process. */
  forgetNumber(): void {
    this.#number = undefined;
  }

  /** @returns whether this poll is known to be older than that hold */
  supersede(hold: number): boolean {
    this.#supersededBy = Math.max(this.#supersededBy, hold);
    return this.#number !== undefined && this.#number < hold;
  }
}
