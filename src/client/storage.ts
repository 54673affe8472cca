import { takePageLock } from './page-lock.ts';
import type { Timers } from './platform.ts';

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

/**
 * Keeps the record of one mailbox, and a lock on its participant while the page runs: browsers copy `sessionStorage` into a
 * duplicated tab, and tabs share `localStorage`. Storage and locks that are full, forbidden or broken cost the resumption after a
 * reload, nothing else.
 */
export class Keeper {
  #storage: StorageLike | undefined;
  readonly #key: string;
  readonly #timers: Timers;
  /** The record as it was when it was looked at. */
  #text: string | null | undefined;
  #participantId: string | undefined;
  #lock: Promise<(() => void) | undefined> | undefined;
  /** The participant of the record, when another page uses its mailbox. */
  usedElsewhere: string | undefined;

  constructor(storage: StorageLike | undefined, key: string, timers: Timers) {
    this.#storage = storage;
    this.#key = key;
    this.#timers = timers;
  }

  /** The record, unless another page uses its mailbox. */
  async load(): Promise<KeptMailbox | undefined> {
    this.#text = await this.#read();
    const kept = await this.#parse(this.#text);
    if (!kept) return undefined;
    this.#participantId = kept.participantId;
    if (await this.lock()) {
      // The page that had it may have written until then.
      this.#text = await this.#read();
      return this.#parse(this.#text);
    }
    this.usedElsewhere = kept.participantId;
    // The copy in a duplicated tab's own storage may be replaced. A shared record belongs to the other page.
    if (!(await this.#isOfThisTab())) this.#storage = undefined;
    return undefined;
  }

  /** From now on the record is about this participant. */
  async claim(participantId: string): Promise<void> {
    if (!this.#storage || participantId === this.#participantId) return;
    this.unlock();
    this.#participantId = participantId;
    await this.lock();
    // Two tabs that shared an empty storage have joined at once: the record belongs to the first.
    if (!(await this.#isOfThisTab()) && (await this.#read()) !== this.#text) this.#storage = undefined;
  }

  /** Tells other pages that the mailbox is used. @returns false when another page says so already */
  async lock(): Promise<boolean> {
    if (!this.#storage || !this.#participantId) return true;
    this.#lock = takePageLock(`holdline:${this.#key}:${this.#participantId}`, this.#timers, LOCK_WAIT_MS);
    return Boolean(await this.#lock);
  }

  /** Another page may take the mailbox up. */
  unlock(): void {
    void this.#lock?.then((release) => release?.());
  }

  async save(kept: KeptMailbox): Promise<void> {
    await this.#try((storage) => storage.setItem(this.#key, JSON.stringify(kept)));
  }

  /** Forgets the mailbox, unless another tab has written its own there. */
  async forget(token: string): Promise<void> {
    const kept = await this.#parse(await this.#read());
    if (kept?.token === token) await this.#try((storage) => storage.removeItem(this.#key));
  }

  #read(): Promise<string | null | undefined> {
    return this.#try((storage) => storage.getItem(this.#key));
  }

  async #parse(text: string | null | undefined): Promise<KeptMailbox | undefined> {
    const kept = await this.#try(() => JSON.parse(String(text ?? null)) as Partial<KeptMailbox> | null);
    return kept?.token ? (kept as KeptMailbox) : undefined;
  }

  async #isOfThisTab(): Promise<boolean> {
    return Boolean(
      await this.#try((storage) => storage === (globalThis as { sessionStorage?: unknown }).sessionStorage),
    );
  }

  async #try<Result>(step: (storage: StorageLike) => Result): Promise<Awaited<Result> | undefined> {
    try {
      return this.#storage && (await step(this.#storage));
    } catch {
      return undefined;
    }
  }
}
