import type { Receipt } from '../wire/index.ts';
import type { HoldlineError } from './errors.ts';
import type { OutgoingMessage } from './messages.ts';

export interface Item {
  readonly message: OutgoingMessage;
  /** When its lifetime is over, by the client's clock. */
  readonly deadlineMs: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: HoldlineError) => void;
  /** A batch with it was refused: it goes alone, so that only what is at fault fails. */
  alone?: boolean;
}

/** Messages to one recipient, or to everyone, with one lifetime: they go as one request. Never empty. */
export type Group = readonly Item[];

/** Waiting messages in the order of sending, and which of them may go now. */
export class OutboxQueue {
  readonly #items = new Set<Item>();
  readonly #inFlight = new Set<Item>();

  add(item: Item): void {
    this.#items.add(item);
  }

  remove(item: Item): void {
    this.#items.delete(item);
    this.#inFlight.delete(item);
  }

  /** Takes a group back whose request was refused. */
  sendAlone(group: Group): void {
    for (const item of group) {
      item.alone = true;
      this.#inFlight.delete(item);
    }
  }

  get isEmpty(): boolean {
    return this.#items.size === 0;
  }

  takeAll(): Group {
    const items = [...this.#items];
    this.#items.clear();
    return items;
  }

  /**
   * The next group that may go without overtaking anything: each recipient sees the order of sending. One to everyone waits
   * for all before it, and all behind it wait for it.
   */
  next(maxMessages: number): Group | undefined {
    const items = [...this.#items];
    const busy = new Set<string>();
    for (const [index, item] of items.entries()) {
      const { to } = item.message;
      const inFlight = this.#inFlight.has(item);
      if (!to && (inFlight || index > 0)) return undefined;
      if (to && inFlight) busy.add(to);
      else if (!to || !busy.has(to)) return this.#group(items.slice(index), maxMessages);
    }
    return undefined;
  }

  #group(items: Group, maxMessages: number): Group {
    const group: Item[] = [];
    for (const item of items) {
      const [first = item] = group;
      const { to, ttlSeconds } = item.message;
      if (to === first.message.to) {
        const separate = first.alone ?? item.alone ?? ttlSeconds !== first.message.ttlSeconds;
        if (group.length === maxMessages || (item !== first && separate)) break;
        group.push(item);
        this.#inFlight.add(item);
      } else if (!to || !first.message.to) break;
    }
    return group;
  }
}
