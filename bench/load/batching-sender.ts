interface Queued<Message> {
  message: Message;
  resolve: (value: undefined) => void;
  reject: (reason: unknown) => void;
}

/**
 * Sends like the clients of engine.io and SockJS, whose servers allow one POST per session at a time: messages that
 * arrive during a POST share the next one.
 */
export class BatchingSender<Message = string> {
  readonly #post: (messages: Message[]) => Promise<unknown>;
  readonly #mustWait: (messages: Message[]) => boolean;
  #queue: Queued<Message>[] = [];
  #busy = false;

  /** @param mustWait whether these messages, which no POST under way delays, are not to be sent yet */
  constructor(
    post: (messages: Message[]) => Promise<unknown>,
    mustWait: (messages: Message[]) => boolean = () => false,
  ) {
    this.#post = post;
    this.#mustWait = mustWait;
  }

  async send(message: Message): Promise<void> {
    const accepted = this.enqueue(message);
    this.flush();
    await accepted;
  }

  /** Resolves when the server has accepted the message, some time after a `flush`. */
  enqueue(message: Message): Promise<undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#queue.push({ message, resolve, reject });
    return promise;
  }

  /** Sends the queue, unless it must wait. */
  flush(): void {
    const batch = this.#queue;
    const messages = batch.map(({ message }) => message);
    if (this.#busy || batch.length === 0 || this.#mustWait(messages)) return;
    this.#queue = [];
    this.#busy = true;
    void this.#deliver(batch, messages);
  }

  async #deliver(batch: readonly Queued<Message>[], messages: Message[]): Promise<void> {
    try {
      await this.#post(messages);
      for (const { resolve } of batch) resolve(undefined);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#busy = false;
    this.flush();
  }
}
