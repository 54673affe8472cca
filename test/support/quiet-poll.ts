import type { Answer } from './conformance.ts';
import type { Member } from './member.ts';

/**
 * A held poll that receives no message, as a reference: a response that arrives while this poll is held did not wait
 * for the end of a longer window. Unlike a duration, that order does not depend on the speed of the machine.
 */
export class QuietPoll {
  readonly #member: Member;
  readonly #answer: Promise<Answer>;
  #isHeld = true;

  private constructor(member: Member, waitSeconds: number, after: string) {
    this.#member = member;
    this.#answer = member.call('receiveMessages', { query: { after, wait: waitSeconds } }).finally(() => {
      this.#isHeld = false;
    });
    // `end` reports a failure, unless the test ends before.
    this.#answer.catch(() => undefined);
  }

  /** @param member a participant that is alone in its room */
  static async start(member: Member, waitSeconds: number): Promise<QuietPoll> {
    const { cursor } = await member.poll();
    return new QuietPoll(member, waitSeconds, cursor);
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Ends the poll by leaving the room. */
  async end(): Promise<void> {
    await this.#member.leave();
    await this.#answer;
  }
}
