import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError } from '../store-error.ts';

/**
 * One process per database file: waiters and presence live in its memory. Two locks see to it, both freed by the system however
 * the process ends:
 *
 * 1. `lockBeside` holds a transaction open on a file beside the database. It tells a second server at once, and lets readers such
 *    as a backup be, before, during and after a start.
 * 2. `withFileLocked` takes the lock of the database file itself, which belongs to the inode: it holds under every name of the
 *    file, in every container, and without the file of the first lock.
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

/** Through symbolic links, as SQLite names its log. */
const realPathOf = (path: string): string =>
  existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));

/**
 * SQLite keeps the log of a database beside the name by which it was opened: under another name, what was not copied back yet is
 * missing, and two users of the file do not see each other's commits.
 */
export function refuseHardLinks(path: string): void {
  const file = statSync(path);
  if (file.isFile() && file.nlink > 1)
    throw new StoreError(
      `the database ${path} has ${file.nlink} names (hard links), which SQLite cannot keep apart; keep one`,
    );
}

/**
 * Works while no other process has the database file open. Afterwards others may read it, but none gets this lock as long as the
 * connection is open: in WAL mode it keeps a shared lock on the file. No other code of the process may open and close the file,
 * since that ends the process's locks on it (POSIX).
 * @throws an error with the code SQLITE_BUSY when another process has the file open
 */
export function withFileLocked(db: Database.Database, work: () => void): void {
  // Reads once in normal mode: a connection whose first access is exclusive can never share the file again.
  db.pragma('schema_version');
  db.pragma('locking_mode = EXCLUSIVE');
  work();
  db.pragma('locking_mode = NORMAL');
  // The next transaction gives the lock back.
  db.exec('BEGIN IMMEDIATE; COMMIT');
}
