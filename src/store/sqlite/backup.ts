import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError } from '../store-error.ts';
import { integrityFault } from './database.ts';

export interface Backup {
  readonly bytes: number;
}

/**
 * Writes a snapshot of the database at `path` into the new `file`, even while a service uses the database: a reader of
 * a WAL database delays no writer. `file` appears once it is complete and checked. Only its owner may read it, since it
 * contains payloads.
 * @throws StoreError when there is no database, or `file` exists
 */
export function backupDatabase(path: string, file: string): Backup {
  if (!existsSync(path)) throw new StoreError(`there is no database ${path} to back up`);
  if (existsSync(file)) throw new StoreError(`${file} is there already and is not overwritten`);
  const partial = `${file}.partial`;
  makePrivateFile(partial);
  try {
    withDatabase(path, (db) => {
      requireIntegrity(db);
      // Accepts an existing file if it is empty.
      db.prepare('VACUUM INTO ?').run(partial);
    });
    withDatabase(partial, requireIntegrity);
    sync(partial);
    // Unlike renaming, linking fails when another process was faster.
    linkSync(partial, file);
    sync(dirname(file));
    return { bytes: statSync(file).size };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`cannot back up ${path}: ${reasonOf(error)}`, { cause: error });
  } finally {
    rmSync(partial, { force: true });
  }
}

function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    throw new StoreError(`cannot write ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function withDatabase(path: string, work: (db: Database.Database) => void): void {
  const db = new Database(path, { readonly: true });
  try {
    work(db);
  } finally {
    db.close();
  }
}

function requireIntegrity(db: Database.Database): void {
  const fault = integrityFault(db);
  if (fault !== undefined) throw new StoreError(`the database is corrupt (${fault}); nothing was written`);
}

/** Flushes a file, or the names in a directory, so that they survive a power loss. */
function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
