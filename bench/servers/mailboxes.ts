import { randomUUID } from 'node:crypto';

/** Ends a poll: with messages, with none at the end of its window, or with `undefined` once the participant is gone. */
export type Answer = (messages: readonly unknown[] | undefined) => void;

interface Mailbox {
  pending: unknown[];
  answer: Answer | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Equals Holdline's default window. */
const WINDOW_MS = 25_000;

/** The minimum of an in-memory relay: no order across restarts, no limits, and a delivered message is gone. */
export class Mailboxes {
  readonly #mailboxes = new Map<string, Mailbox>();

  open(): string {
    const id = randomUUID();
    this.#mailboxes.set(id, { pending: [], answer: undefined, timer: undefined });
    return id;
  }

  /** False when there is no such mailbox. */
  deliver(to: string, message: unknown): boolean {
    const mailbox = this.#mailboxes.get(to);
    if (mailbox === undefined) return false;
    if (mailbox.answer === undefined) mailbox.pending.push(message);
    else this.#end(mailbox, [message]);
    return true;
  }

  /**
   * Answers at once, or holds the poll.
   * @returns a function that removes it, for a client that closes its connection
   */
  poll(id: string, answer: Answer): () => void {
    const mailbox = this.#mailboxes.get(id);
    if (mailbox === undefined || mailbox.pending.length > 0) {
      const pending = mailbox?.pending;
      if (mailbox !== undefined) mailbox.pending = [];
      answer(pending);
      return () => undefined;
    }
    this.#end(mailbox, []);
    mailbox.answer = answer;
    mailbox.timer = setTimeout(() => this.#end(mailbox, []), WINDOW_MS);
    return () => {
      if (mailbox.answer === answer) this.#release(mailbox);
    };
  }

  close(id: string): void {
    const mailbox = this.#mailboxes.get(id);
    this.#mailboxes.delete(id);
    if (mailbox !== undefined) this.#end(mailbox, undefined);
  }

  #end(mailbox: Mailbox, messages: readonly unknown[] | undefined): void {
    const { answer } = mailbox;
    this.#release(mailbox);
    answer?.(messages);
  }

  #release(mailbox: Mailbox): void {
    clearTimeout(mailbox.timer);
    mailbox.answer = undefined;
    mailbox.timer = undefined;
  }
}
