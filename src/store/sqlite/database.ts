import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError } from '../store-error.ts';
import { DatabaseFiles, inUse, lockBeside, refuseHardLinks, withFileLocked } from './database-files.ts';
import { checkedVersion, migrate } from './migrate.ts';

export interface DatabaseOptions {
  /** `:memory:` or a file; missing directories are created. */
  readonly path: string;
  readonly synchronous: 'full' | 'normal';
}

export interface OpenDatabase {
  readonly db: Database.Database;
  /** Absent for a database in memory. */
  readonly files: DatabaseFiles | undefined;
  close(): void;
}

/** Waiting for a lock blocks the event loop, so it must be short. */
const BUSY_TIMEOUT_MS = 100;
/** Wait during the start, which gives readers such as a backup time to finish. */
const WAIT_FOR_READERS_MS = 5_000;
/**
 * A file up to this size is checked completely at each start, which takes about a second. A larger file is checked as
 * it is read.
 */
const CHECKED_WHOLE_BYTES = 256 * 1024 * 1024;
/**
 * Size to which the write-ahead log is truncated once its contents are copied back. The log has 4 MB in ordinary use,
 * and grows while a backup reads. At four times that size, no commit in ordinary use has to grow the file again.
 */
const LOG_BYTES = 16 * 1024 * 1024;

/** @throws StoreError when the database is newer, corrupt, another program's, in use or inaccessible */
export function openDatabase(options: DatabaseOptions): OpenDatabase {
  const inMemory = options.path === ':memory:';
  try {
    if (!inMemory) makeDirectory(dirname(options.path));
    const lock = inMemory ? undefined : lockBeside(options.path);
    try {
      const { db, files } = inMemory ? prepareMemory(options) : prepareFile(options);
      return { db, files, close: () => closeBoth(db, lock) };
    } catch (error) {
      lock?.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (sqliteCodeOf(error).startsWith('SQLITE_BUSY')) throw inUse(options.path, error);
    throw new StoreError(`cannot open the database ${options.path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Creates directories one by one: Node's `recursive` never returns below /proc, where creating a directory fails. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have created it.
    if (!existsSync(path)) throw error;
  }
}

/**
 * Checks a file before anything in it changes, over a read-only connection. Setting the journal mode would change it,
 * and closing a writable connection copies back the log that a killed process left.
 */
function checkFile(path: string): void {
  const db = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    checkWhole(db, path);
    checkedVersion(db, path);
  } finally {
    db.close();
  }
}

type Prepared = Pick<OpenDatabase, 'db' | 'files'>;

const prepareMemory = (options: DatabaseOptions): Prepared =>
  prepare(options, (db) => {
    migrate(db, options.path);
    return undefined;
  });

function prepareFile(options: DatabaseOptions): Prepared {
  const { path } = options;
  if (existsSync(path)) {
    refuseHardLinks(path);
    checkFile(path);
  }
  return prepare(options, (db) => {
    db.pragma('journal_mode = WAL');
    db.pragma(`journal_size_limit = ${LOG_BYTES}`);
    withFileLocked(db, () => migrate(db, path));
    return new DatabaseFiles(path);
  });
}

function prepare(
  { path, synchronous }: DatabaseOptions,
  open: (db: Database.Database) => DatabaseFiles | undefined,
): Prepared {
  const db = new Database(path, { timeout: WAIT_FOR_READERS_MS });
  try {
    // A migration may replace a table that others refer to.
    db.pragma('foreign_keys = OFF');
    const files = open(db);
    db.pragma('foreign_keys = ON');
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    // Set last, since the first write to a new WAL file resets an earlier setting.
    db.pragma(`synchronous = ${synchronous}`);
    const wanted = synchronous === 'full' ? 2 : 1;
    if (db.pragma('synchronous', { simple: true }) !== wanted)
      throw new StoreError(`${path} does not take synchronous = ${synchronous}`);
    return { db, files };
  } catch (error) {
    db.close();
    throw error;
  }
}

function checkWhole(db: Database.Database, path: string): void {
  if (statSync(path).size > CHECKED_WHOLE_BYTES) return;
  const fault = integrityFault(db);
  if (fault === undefined) return;
  throw new StoreError(`the database ${path} is corrupt (${fault}); restore a backup or move it away`);
}

/** The first fault that SQLite finds in the database, in one line; undefined if there is none. */
export function integrityFault(db: Database.Database): string | undefined {
  const answer = String(db.pragma('quick_check(1)', { simple: true }));
  return answer === 'ok' ? undefined : answer.replaceAll(/\s+/g, ' ');
}

function closeBoth(db: Database.Database, lock: Database.Database | undefined): void {
  db.close();
  lock?.close();
}

function reasonOf(error: unknown): string {
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(sqliteCodeOf(error))) {
    return 'it is corrupt or no SQLite database; restore a backup or move it away';
  }
  return error instanceof Error ? error.message : String(error);
}

/**
 * The error's SQLite code, such as `SQLITE_FULL`; empty for any other error. Does not test for the driver's error
 * class: when a process loads the driver twice, both share the class of the first.
 */
export function sqliteCodeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : '';
}
