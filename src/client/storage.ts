import type { Runtime } from './runtime.ts';
import { listen } from './listen.ts';

/**
 * Where a mailbox survives a reload. `sessionStorage`, `localStorage` and React Native's AsyncStorage fit. Prefer
 * `sessionStorage` in browsers: of the tabs that share one record only the first keeps its mailbox.
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

/** A page that is being reloaded may hold its lock for a moment after the new one has started. */
const LOCK_WAIT_MS = 1_000;

interface LockManagerLike {
  request(name: string, options: { signal: AbortSignal }, callback: () => Promise<void>): Promise<unknown>;
}

interface Page {
  readonly document?: unknown;
  readonly navigator?: { readonly locks?: LockManagerLike };
  readonly sessionStorage?: unknown;
}

/**
 * Keeps the record of one mailbox, and a lock on its participant while the page runs: browsers copy `sessionStorage` into a
 * duplicated tab, and tabs share `localStorage`. Storage and locks that are full, forbidden or broken cost the resumption after a
 * reload, nothing else.
 */
export class Keeper {
  #storage: StorageLike | undefined;
  readonly #key: string;
  readonly #runtime: Runtime;
  #participantId: string | undefined;
  /** The participant of the record, when another page uses its mailbox. */
  usedElsewhere: string | undefined;
  /** Another page may take the mailbox up. */
  unlock = (): void => undefined;

  constructor(runtime: Runtime, storage: StorageLike | undefined, key: string) {
    this.#runtime = runtime;
    this.#storage = storage;
    this.#key = key;
  }

  /** The record, unless another page uses its mailbox. */
  async load(): Promise<KeptMailbox | undefined> {
    this.#participantId = (await this.#read())?.participantId;
    if (!this.#participantId) return undefined;
    // The page that had the lock may have written until then.
    if (await this.lock()) return this.#read();
    this.usedElsewhere = this.#participantId;
    // The copy in a duplicated tab's own storage may be replaced. A shared record belongs to the other page.
    if (!(await this.#try((storage) => storage === (globalThis as Page).sessionStorage))) this.#storage = undefined;
    return undefined;
  }

  /** From now on the record is about this participant. */
  async claim(participantId: string): Promise<void> {
    if (participantId === this.#participantId) return;
    this.unlock();
    this.#participantId = participantId;
    await this.lock();
  }

  /**
   * Tells other pages that the mailbox is used, by a lock of the Web Locks API: browsers release it by themselves when a page
   * crashes. Without locks (plain http, React Native, a sandbox) there is no lock, and every page may use the mailbox.
   * @returns false when another page uses the mailbox already
   */
  lock(): Promise<boolean> {
    const abort = new AbortController();
    const { signal } = abort;
    this.unlock = () => abort.abort();
    return new Promise<boolean>((resolve, reject) => {
      const { document, navigator } = globalThis as Page;
      // Node has locks, too; they would cross worker threads.
      const locks = this.#storage && document ? navigator?.locks : undefined;
      if (!locks) {
        resolve(true);
        return;
      }
      const cancel = this.#runtime.after(LOCK_WAIT_MS, () => {
        resolve(false);
        abort.abort();
      });
      const hold = (): Promise<void> => {
        cancel();
        resolve(true);
        return new Promise((release) => listen(signal, 'abort', () => release()));
      };
      locks.request(`holdline:${this.#key}:${this.#participantId}`, { signal }, hold).catch(reject);
    }).catch(() => true);
  }

  async save(kept: KeptMailbox): Promise<void> {
    await this.#try((storage) => storage.setItem(this.#key, JSON.stringify(kept)));
  }

  /** Forgets the mailbox, unless another tab has written its own there. */
  async forget(token: string): Promise<void> {
    const kept = await this.#read();
    if (kept?.token === token) await this.#try((storage) => storage.removeItem(this.#key));
  }

  #read(): Promise<KeptMailbox | undefined> {
    return this.#try(async (storage) => {
      const kept = JSON.parse(String(await storage.getItem(this.#key))) as Partial<KeptMailbox> | null;
      return kept?.token ? (kept as KeptMailbox) : undefined;
    });
  }

  async #try<Result>(step: (storage: StorageLike) => Result): Promise<Awaited<Result> | undefined> {
    try {
      return this.#storage && (await step(this.#storage));
    } catch {
      return undefined;
    }
  }
}
