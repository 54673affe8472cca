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
    try {
      const kept: unknown = JSON.parse((await this.#storage?.getItem(this.#key)) ?? 'null');
      return isKept(kept) ? kept : undefined;
    } catch {
      return undefined;
    }
  }

  async save(kept: KeptMailbox): Promise<void> {
    try {
      await this.#storage?.setItem(this.#key, JSON.stringify(kept));
    } catch {
      // Nothing depends on it.
    }
  }

  /** Forgets the mailbox, unless another tab has written its own there. */
  async forget(token: string): Promise<void> {
    if ((await this.load())?.token !== token) return;
    try {
      await this.#storage?.removeItem(this.#key);
    } catch {
      // Nothing depends on it.
    }
  }
}

function isKept(value: unknown): value is KeptMailbox {
  const { participantId, token, cursor } = (value ?? {}) as Record<string, unknown>;
  return [participantId, token, cursor].every((field) => typeof field === 'string');
}
