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
  readonly #queue: Queued<Message>[] = [];
  #busy = false;

  constructor(post: (messages: Message[]) => Promise<unknown>) {
    this.#post = post;
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

  /** Sends the queue now, or after the POST under way. */
  flush(): void {
    if (this.#busy || this.#queue.length === 0) return;
    this.#busy = true;
    void this.#deliver(this.#queue.splice(0));
  }

  async #deliver(batch: readonly Queued<Message>[]): Promise<void> {
    try {
      await this.#post(batch.map(({ message }) => message));
      for (const { resolve } of batch) resolve(undefined);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#busy = false;
    this.flush();
  }
}
