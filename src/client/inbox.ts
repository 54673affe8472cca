import type { ReceivedMessage } from '../wire/index.ts';

/** Enough to cover a full mailbox with its room events, should all of it come again. */
const REMEMBERED_IDS = 1_024;

/** Drops what was handled before: the same message keeps its `id` in every copy. */
export class Seen {
  readonly #ids = new Set<string>();

  isNew = ({ id }: ReceivedMessage): boolean => {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > REMEMBERED_IDS) this.#ids.delete([...this.#ids.keys()][0] ?? '');
    return true;
  };
}

/** Iterates over messages; a message counts as handled when the next one is asked for, or the loop is left. */
export class MessageIterator implements AsyncIterableIterator<ReceivedMessage> {
  readonly #onReturn: (iterator: MessageIterator) => void;
  #offered: { message: ReceivedMessage; taken: boolean; handled: () => void } | undefined;
  #waiting: { resolve: (result: IteratorResult<ReceivedMessage>) => void; reject: (error: Error) => void } | undefined;
  #end: { error?: Error } | undefined;

  constructor(onReturn: (iterator: MessageIterator) => void) {
    this.#onReturn = onReturn;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Resolves when the message was handled. */
  offer(message: ReceivedMessage): Promise<void> {
    if (this.#end !== undefined) return Promise.resolve();
    return new Promise((handled) => {
      this.#offered = { message, taken: false, handled };
      this.#hand();
    });
  }

  next(): Promise<IteratorResult<ReceivedMessage>> {
    if (this.#offered?.taken === true) this.#settle();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#hand();
    });
  }

  return(): Promise<IteratorResult<ReceivedMessage>> {
    this.end();
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** No more messages come; with an error, the loop throws it. */
  end(error?: Error): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#settle();
    this.#hand();
  }

  #hand(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (this.#offered !== undefined && !this.#offered.taken) {
      this.#offered.taken = true;
      waiting.resolve({ done: false, value: this.#offered.message });
    } else if (this.#end?.error !== undefined) {
      waiting.reject(this.#end.error);
    } else if (this.#end !== undefined) {
      waiting.resolve({ done: true, value: undefined });
    } else return;
    this.#waiting = undefined;
  }

  #settle(): void {
    this.#offered?.handled();
    this.#offered = undefined;
  }
}
