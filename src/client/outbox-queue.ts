import type { Receipt } from '../wire/index.ts';
import type { HoldlineError } from './errors.ts';
import { endsCall, type OutgoingMessage } from './messages.ts';

export interface Item {
  readonly message: OutgoingMessage;
  /** The end of its lifetime, by the client's clock. */
  readonly deadlineMs: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: HoldlineError) => void;
}

/** Messages to one recipient, or to all others, with one lifetime, sent as one request. Never empty. */
export type Group = readonly Item[];

/** Waiting messages in the order of sending, and which of them may go now. */
export class OutboxQueue {
  #waiting: Item[] = [];
  /** The recipient of each request under way; `undefined`: all others. */
  readonly #busy: (string | undefined)[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length + this.#busy.length === 0;
  }

  add(items: readonly Item[]): void {
    this.#waiting.push(...items);
  }

  /** The request with this group has ended. */
  release([first]: Group): void {
    this.#busy.splice(this.#busy.indexOf(first?.message.to), 1);
  }

  takeAll(): Group {
    return this.#waiting.splice(0);
  }

  /**
   * The next group that may go without overtaking another message: each recipient gets messages in the order of
   * sending. A message to all others waits for all before it, and all behind it wait for it.
   * @param isAtOnce whether no message can wait, even for requests under way: endings of calls go first, so that they
   * do not share the browser's 64 KiB with messages sent before
   */
  next(maxMessages: number, isAtOnce: boolean): Group | undefined {
    const passed = new Set(isAtOnce ? [] : this.#busy);
    const ending = isAtOnce && this.#waiting.find(({ message }) => endsCall(message));
    if (ending) return this.#take(ending, maxMessages);
    for (const item of this.#waiting) {
      const { to } = item.message;
      if (to ? passed.has(undefined) : passed.size > 0) return undefined;
      if (!passed.has(to)) return this.#take(item, maxMessages);
      passed.add(to);
    }
    return undefined;
  }

  #take(first: Item, maxMessages: number): Group {
    const { to, ttlSeconds } = first.message;
    const group: Item[] = [];
    for (const item of this.#waiting.slice(this.#waiting.indexOf(first))) {
      if (item.message.to === to) {
        if (group.length === maxMessages || item.message.ttlSeconds !== ttlSeconds) break;
        group.push(item);
      } else if (!to || !item.message.to) break;
    }
    this.#waiting = this.#waiting.filter((item) => !group.includes(item));
    this.#busy.push(to);
    return group;
  }
}
