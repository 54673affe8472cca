import { MAX_SOCKET_FAILURES, SOCKET_CLOSED_MS } from './limits.ts';
import { objectOf } from './messages.ts';
import type { StorageLike } from './storage.ts';
import type { TransportHost } from './transport.ts';

/**
 * Remembers sockets that proved nothing, over reloads and rooms: a record of its own for each service, since it is the
 * network that lets them through or not. When the storage is missing or broken, the memory ends with the mailbox.
 */
export class SocketMemory {
  readonly #context: TransportHost['context'];
  readonly #key: string;
  #failures = 0;
  #failedAtMs = 0;
  #loaded: Promise<void> | undefined;

  constructor(context: TransportHost['context']) {
    this.#context = context;
    // No room's record has this key.
    this.#key = `holdline-socket:${context.options.baseUrl ?? ''}`;
  }

  /** How long no socket should be tried; 0 or less: one may be. */
  async closedForMs(): Promise<number> {
    await this.#load();
    const leftMs = this.#failedAtMs + SOCKET_CLOSED_MS - this.#context.now();
    // Half an hour later, or after the clock was set back, failures say nothing any more.
    if (leftMs <= 0 || leftMs > SOCKET_CLOSED_MS) this.#failures = 0;
    return this.#failures >= MAX_SOCKET_FAILURES ? leftMs : 0;
  }

  async failed(): Promise<void> {
    await this.#load();
    this.#failures += 1;
    this.#failedAtMs = this.#context.now();
    const record = JSON.stringify({ failures: this.#failures, failedAtMs: this.#failedAtMs });
    await this.#try((storage) => storage.setItem(this.#key, record));
  }

  async forget(): Promise<void> {
    await this.#load();
    if (this.#failures === 0) return;
    this.#failures = 0;
    await this.#try((storage) => storage.removeItem(this.#key));
  }

  #load(): Promise<void> {
    return (this.#loaded ??= this.#try(async (storage) => {
      const { failures, failedAtMs } = objectOf(JSON.parse(String(await storage.getItem(this.#key))));
      this.#failures = Number(failures) || 0;
      this.#failedAtMs = Number(failedAtMs) || 0;
    }));
  }

  async #try(step: (storage: StorageLike) => unknown): Promise<void> {
    const { storage } = this.#context.options;
    try {
      if (storage) await step(storage);
    } catch {
      // It is full, forbidden or broken.
    }
  }
}
