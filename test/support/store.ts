import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/signalling/clock.ts';
import type { Limits } from '../../src/signalling/limits.ts';
import type { Store } from '../../src/signalling/store.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';

export interface OpenOptions {
  readonly clock: Clock;
  readonly limits: Limits;
}

export interface OpenedStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** A store whose data outlives the process. Each method returns the store that replaces the previous one. */
export interface PersistentStore extends OpenedStore {
  /** Restarts: closes the store and opens its data again, on the given clock if any. */
  reopen(clock?: Clock): Promise<Store>;
  /** Like `reopen` after `kill -9`: the store is not closed first. */
  kill(clock?: Clock): Promise<Store>;
  /** Copies the data. The returned function restores the copy, which rolls back all later changes. */
  copy(): Promise<(clock?: Clock) => Promise<Store>>;
}

export type OpenStore = (options: OpenOptions) => Promise<OpenedStore>;
export type OpenPersistentStore = (options: OpenOptions) => Promise<PersistentStore>;

/** Limits that no test reaches by accident. */
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

export interface FileStore extends PersistentStore {
  /** The path of the file that is open. */
  readonly path: string;
}

/** A SQLite file in a temporary directory, which `close` removes. */
export const openFileStore =
  (synchronous: 'full' | 'normal', directory = tmpdir()) =>
  async (options: OpenOptions): Promise<FileStore> => {
    const files = new Files(directory);
    let path = files.newPath();
    const abandoned: Store[] = [];
    const open = (clock: Clock = options.clock): Store => SqliteStore.open({ ...options, clock, path, synchronous });
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

/** For tests that open very many stores: in a memory file system, if there is one. */
export const openManyFileStores = openFileStore('normal', existsSync(MEMORY) ? MEMORY : tmpdir());

/** Copies must be made between commits, so that a database and its write-ahead log match. */
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
export function replacing(store: Store, operations: Partial<Store>): Store {
  const replaced = new Map<string | symbol, unknown>(Object.entries(operations));
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name);
      return replaced.get(name) ?? (typeof own === 'function' ? (own.bind(target) as unknown) : own);
    },
  });
}
