interface Queued {
  text: string;
  resolve: (value: undefined) => void;
  reject: (reason: unknown) => void;
}

/**
 * Sends like the clients of engine.io and SockJS, whose servers allow one POST per session at a time: messages that
 * arrive during a POST share the next one.
 */
export class BatchingSender {
  readonly #post: (texts: string[]) => Promise<unknown>;
  #queue: Queued[] = [];
  #busy = false;

  constructor(post: (texts: string[]) => Promise<unknown>) {
    this.#post = post;
  }

  async send(text: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#queue.push({ text, resolve, reject });
    if (!this.#busy) void this.#flush();
    await promise;
  }

  async #flush(): Promise<void> {
    this.#busy = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#post(batch.map(({ text }) => text));
        for (const { resolve } of batch) resolve(undefined);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }
}
