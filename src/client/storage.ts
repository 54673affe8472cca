/**
 * Where a mailbox survives a reload. `sessionStorage`, `localStorage` and React Native's AsyncStorage fit. Prefer
 * `sessionStorage` in browsers: tabs that share one record take the participant over from each other.
 */
export interface StorageLike {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** What is kept: the token is a credential, and whoever reads the storage can act as the participant. */
export interface KeptMailbox {
  readonly participantId: string;
  readonly token: string;
  readonly cursor: string;
}

/** Storage that is full, forbidden or broken costs the resumption after a reload, nothing else. */
export class Keeper {
  readonly #storage: StorageLike | undefined;
  readonly #key: string;

  constructor(storage: StorageLike | undefined, key: string) {
    this.#storage = storage;
    this.#key = key;
  }

  async load(): Promise<KeptMailbox | undefined> {
    const text = await this.#try((storage) => storage.getItem(this.#key));
    const kept = await this.#try(() => JSON.parse(String(text ?? null)) as Partial<KeptMailbox> | null);
    return kept?.token ? (kept as KeptMailbox) : undefined;
  }

  async save(kept: KeptMailbox): Promise<void> {
    await this.#try((storage) => storage.setItem(this.#key, JSON.stringify(kept)));
  }

  /** Forgets the mailbox, unless another tab has written its own there. */
  async forget(token: string): Promise<void> {
    if ((await this.load())?.token === token) await this.#try((storage) => storage.removeItem(this.#key));
  }

  async #try<Result>(step: (storage: StorageLike) => Result): Promise<Awaited<Result> | undefined> {
    try {
      return this.#storage && (await step(this.#storage));
    } catch {
      return undefined;
    }
  }
}
