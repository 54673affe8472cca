import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError } from '../store-error.ts';

/*
 * One process per database file, since waiters and presence live in its memory. Two locks ensure that; the system
 * releases both however the process ends:
 *
 * 1. `lockBeside` holds a transaction open on a file beside the database. A second server fails at once, and readers
 *    such as a backup are not affected.
 * 2. `withFileLocked` takes the lock of the database file itself, which belongs to the inode: it works under every name
 *    of the file, in every container, and without the file of the first lock.
 */

export const inUse = (path: string, cause: unknown): StoreError =>
  new StoreError(`the database ${path} is in use by another process`, { cause });

/** @throws StoreError when another process holds it */
export function lockBeside(path: string): Database.Database {
  const lock = new Database(`${realPathOf(path)}.lock`, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw inUse(path, error);
  }
}

/** Resolves symbolic links, as SQLite does when it names its log. */
const realPathOf = (path: string): string =>
  existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));

/**
 * SQLite keeps the log of a database beside the name by which it was opened. Under another name, commits that are not
 * copied back yet are missing, and two processes that use the file do not see each other's commits.
 */
export function refuseHardLinks(path: string): void {
  const file = statSync(path);
  if (!file.isFile() || file.nlink === 1) return;
  throw new StoreError(
    `the database ${path} has ${file.nlink} names (hard links), which SQLite cannot keep apart; keep one`,
  );
}

/**
 * Runs `work` while no other process has the database file open. Afterwards other processes may read the file, but
 * cannot get this lock while the connection is open: in WAL mode the connection keeps a shared lock. No other code of
 * the process may open and close the file, since that releases the locks of the process on it (POSIX).
 * @throws an error with the code SQLITE_BUSY when another process has the file open
 */
export function withFileLocked(db: Database.Database, work: () => void): void {
  // Reads once in normal mode: a connection whose first access is exclusive can never share the file again.
  db.pragma('schema_version');
  db.pragma('locking_mode = EXCLUSIVE');
  work();
  db.pragma('locking_mode = NORMAL');
  // The next transaction releases the lock.
  db.exec('BEGIN IMMEDIATE; COMMIT');
}

/** A check takes about 10 us. */
const CHECK_EVERY_MS = 500;

/**
 * The files of an open database. When one is deleted, moved or replaced, SQLite still commits to it, but a restart
 * would not find it under its name: the store must refuse operations until the files are back.
 */
export class DatabaseFiles {
  readonly #path: string;
  readonly #opened: ReadonlyMap<string, string>;
  #checkFromMs = -Infinity;
  #fault: StoreError | undefined;

  /** Requires a database that is open in WAL mode. */
  constructor(path: string) {
    this.#path = path;
    const log = realpathSync(path);
    const names = [resolve(path), `${log}-wal`, `${log}-shm`];
    this.#opened = new Map(names.map((name) => [name, identityOf(name)]));
  }

  /** Result of the last check. */
  get fault(): StoreError | undefined {
    return this.#fault;
  }

  /** @throws StoreError when the check finds a new fault */
  check(nowMs: number): void {
    if (nowMs < this.#checkFromMs) return;
    this.#checkFromMs = nowMs + CHECK_EVERY_MS;
    const known = this.#fault;
    this.#fault = this.#findFault();
    if (this.#fault !== undefined && known === undefined) throw this.#fault;
  }

  #findFault(): StoreError | undefined {
    for (const [name, identity] of this.#opened) {
      if (identityOf(name) === identity) continue;
      return new StoreError(
        `the database ${this.#path} is lost: ${name} was deleted, moved or replaced; put it back, or restore a backup`,
      );
    }
    return undefined;
  }
}

/** Does not open the file: closing it would release the locks of this process on it. */
function identityOf(name: string): string {
  try {
    const { dev, ino } = statSync(name, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return 'none';
  }
}
