import { listen } from './events.ts';
import { LOCK_WAIT_MS } from './limits.ts';
import { isText, objectOf } from './messages.ts';
import type { Runtime } from './runtime.ts';

/**
 * Keeps a mailbox over a reload. `sessionStorage`, `localStorage` and React Native's AsyncStorage fit. Prefer
 * `sessionStorage` in browsers: when tabs share one record, only the first tab keeps its mailbox.
 */
export interface StorageLike {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** The stored record. The token is a credential: anyone who can read the storage can act as the participant. */
export interface StoredMailbox {
  readonly participantId: string;
  readonly token: string;
  readonly cursor: string;
}

interface LockManagerLike {
  request(name: string, options: { signal: AbortSignal }, callback: () => Promise<void>): Promise<unknown>;
}

interface Page {
  readonly document?: unknown;
  readonly navigator?: { readonly locks?: LockManagerLike };
  readonly sessionStorage?: unknown;
}

/**
 * The record of one mailbox, and a lock on its participant while the page runs: browsers copy `sessionStorage` into a
 * duplicated tab, and tabs share `localStorage`. When storage or locks are full, forbidden or broken, only resuming
 * after a reload is lost.
 */
export class MailboxStorage {
  #storage: StorageLike | undefined;
  readonly #key: string;
  readonly #runtime: Runtime;
  #participantId: string | undefined;
  /** The participant of the record, when another page uses its mailbox. */
  usedElsewhere: string | undefined;
  /** Releases the lock: another page may resume the mailbox. */
  unlock = (): void => undefined;

  constructor(runtime: Runtime, storage: StorageLike | undefined, key: string) {
    this.#runtime = runtime;
    this.#storage = storage;
    this.#key = key;
  }

  /** The record, unless another page uses its mailbox. */
  async load(): Promise<StoredMailbox | undefined> {
    this.#participantId = (await this.#read())?.participantId;
    if (!this.#participantId) return undefined;
    // The previous holder of the lock may have written until it released the lock.
    if (await this.lock()) return this.#read();
    this.usedElsewhere = this.#participantId;
    // The copy in a duplicated tab's own storage may be overwritten. A shared record belongs to the other page.
    if (!(await this.#try((storage) => storage === (globalThis as Page).sessionStorage))) this.#storage = undefined;
    return undefined;
  }

  /** Assigns the record to this participant from now on. */
  async claim(participantId: string): Promise<void> {
    if (participantId === this.#participantId) return;
    this.unlock();
    this.#participantId = participantId;
    await this.lock();
  }

  /**
   * Marks the mailbox as used, by a lock of the Web Locks API: browsers release it when a page crashes. Where there are
   * no locks (plain http, React Native, a sandbox), every page may use the mailbox.
   * @returns false when another page uses the mailbox already
   */
  lock(): Promise<boolean> {
    const abort = new AbortController();
    const { signal } = abort;
    this.unlock = () => abort.abort();
    return new Promise<boolean>((resolve, reject) => {
      const { document, navigator } = globalThis as Page;
      // Node has locks, too; they would be shared by worker threads.
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

  async save(mailbox: StoredMailbox): Promise<void> {
    await this.#try((storage) => storage.setItem(this.#key, JSON.stringify(mailbox)));
  }

  /** Removes the record, unless another tab has written its own there. */
  async forget(token: string): Promise<void> {
    const stored = await this.#read();
    if (stored?.token === token) await this.#try((storage) => storage.removeItem(this.#key));
  }

  #read(): Promise<StoredMailbox | undefined> {
    return this.#try(async (storage) => {
      const { participantId, token, cursor } = objectOf(JSON.parse(String(await storage.getItem(this.#key))));
      if (isText(participantId) && isText(token) && isText(cursor)) return { participantId, token, cursor };
      return undefined;
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
