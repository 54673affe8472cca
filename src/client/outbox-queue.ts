import type { Receipt } from '../wire/index.ts';
import type { HoldlineError } from './errors.ts';
import type { OutgoingMessage } from './messages.ts';

export interface Item {
  readonly message: OutgoingMessage;
  /** When its lifetime is over, by the client's clock. */
  readonly deadlineMs: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: HoldlineError) => void;
}

/** Messages to one recipient, or to everyone, with one lifetime: they go as one request. Never empty. */
export type Group = readonly Item[];

export interface GroupLimits {
  readonly messages: number;
  /** Characters of JSON, as a cautious measure of bytes. */
  readonly characters: number;
}

/** Waiting messages in the order of sending, and which of them may go now. */
export class OutboxQueue {
  #items: Item[] = [];
  readonly #inFlight = new Set<Item>();

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  settle(group: readonly Item[]): void {
    this.#items = this.#items.filter((item) => !group.includes(item));
    for (const item of group) this.#inFlight.delete(item);
  }

  /** Takes part of a group back: it goes again in a request of its own. */
  release(item: Item): void {
    this.#inFlight.delete(item);
  }

  takeAll(): readonly Item[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /**
   * The next group that may go without overtaking anything: each recipient sees the order of sending. One to everyone waits
   * for all before it, and all behind it wait for it.
   */
  next(limits: GroupLimits): Group | undefined {
    const blocked = new Set<string>();
    for (const [index, item] of this.#items.entries()) {
      const { to } = item.message;
      if (to === undefined) return index === 0 && !this.#inFlight.has(item) ? this.#group(index, limits) : undefined;
      if (this.#inFlight.has(item)) blocked.add(to);
      else if (!blocked.has(to)) return this.#group(index, limits);
    }
    return undefined;
  }

  #group(index: number, limits: GroupLimits): Group {
    const [first, ...later] = this.#items.slice(index) as [Item, ...Item[]];
    const group = [first];
    let characters = sizeOf(first);
    for (const item of later) {
      if (item.message.to !== first.message.to) {
        if (item.message.to === undefined || first.message.to === undefined) break;
        continue;
      }
      characters += sizeOf(item);
      const fits = group.length < limits.messages && characters <= limits.characters;
      if (!fits || item.message.ttlSeconds !== first.message.ttlSeconds) break;
      group.push(item);
    }
    for (const item of group) this.#inFlight.add(item);
    return group;
  }
}

const sizeOf = ({ message }: Item): number => JSON.stringify(message).length;
