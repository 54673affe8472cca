import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/signalling/clock.ts';
import type { Limits } from '../../src/signalling/limits.ts';
import type { StoreAdapter } from '../../src/signalling/store.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';

export interface OpenOptions {
  readonly clock: Clock;
  readonly limits: Limits;
}

export interface OpenedStore {
  readonly store: StoreAdapter;
  close(): Promise<void>;
}

/** A store whose data outlives the process. What each of these returns takes the place of the store before. */
export interface LastingStore extends OpenedStore {
  /** A restart: closes the store and opens the same data again, by another clock if one is given. */
  reopen(clock?: Clock): Promise<StoreAdapter>;
  /** The same without a goodbye: what `kill -9` leaves behind is opened. */
  kill(clock?: Clock): Promise<StoreAdapter>;
  /** Copies the data. The returned function restores the copy, as an operator may do by mistake. */
  copy(): Promise<(clock?: Clock) => Promise<StoreAdapter>>;
}

export type OpenStore = (options: OpenOptions) => Promise<OpenedStore>;
export type OpenLastingStore = (options: OpenOptions) => Promise<LastingStore>;

/** Too wide to affect a test. */
export const WIDE_LIMITS: Limits = {
  maxParticipantsPerRoom: 32,
  maxMailboxMessages: 512,
  maxMailboxBytes: 2 * 1024 * 1024,
  maxStoreBytes: 1024 * 1024 * 1024,
  maxHeldPolls: 1_000,
};

export const openMemoryStore: OpenStore = async (options) => {
  const store = SqliteStore.open({ ...options, path: ':memory:', synchronous: 'full' });
  return { store, close: () => store.close() };
};

export interface FileStore extends LastingStore {
  /** Of the file that is open now. */
  readonly path: string;
}

/** A SQLite file in a directory of its own, which goes with it. */
export const openFileStore =
  (synchronous: 'full' | 'normal', directory = tmpdir()) =>
  async (options: OpenOptions): Promise<FileStore> => {
    const files = new Files(directory);
    let path = files.newPath();
    const abandoned: StoreAdapter[] = [];
    const open = (clock: Clock = options.clock): StoreAdapter =>
      SqliteStore.open({ ...options, clock, path, synchronous });
    const opened = {
      store: open(),
      get path() {
        return path;
      },
      async reopen(clock?: Clock) {
        await opened.store.close();
        return (opened.store = open(clock));
      },
      async kill(clock?: Clock) {
        abandoned.push(opened.store);
        path = files.copyOf(path);
        return (opened.store = open(clock));
      },
      async copy() {
        const copy = files.copyOf(path);
        return async (clock?: Clock) => {
          await opened.store.close();
          path = files.copyOf(copy);
          return (opened.store = open(clock));
        };
      },
      async close() {
        for (const store of [...abandoned, opened.store]) await store.close();
        files.remove();
      },
    };
    return opened;
  };

const MEMORY = '/dev/shm';

/** The same for tests that open very many: in memory, where the system has a place for files there. */
export const openManyFileStores = openFileStore('normal', existsSync(MEMORY) ? MEMORY : tmpdir());

/** Copies are made between two commits, so that a database and its write-ahead log belong together. */
class Files {
  readonly #directory: string;
  #count = 0;

  constructor(directory: string) {
    this.#directory = mkdtempSync(join(directory, 'holdline-store-'));
  }

  newPath(): string {
    this.#count += 1;
    return join(this.#directory, `${this.#count}.db`);
  }

  copyOf(path: string): string {
    const copy = this.newPath();
    for (const suffix of ['', '-wal']) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    return copy;
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** The store with some of its operations replaced. */
export function replacing(store: StoreAdapter, operations: Partial<StoreAdapter>): StoreAdapter {
  const replaced = new Map<string | symbol, unknown>(Object.entries(operations));
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name);
      return replaced.get(name) ?? (typeof own === 'function' ? (own.bind(target) as unknown) : own);
    },
  });
}
