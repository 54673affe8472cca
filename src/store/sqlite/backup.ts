import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError } from '../store-error.ts';

/** In one step, as one snapshot: a copy in slices would begin anew at each commit of a service that runs. */
const ALL_PAGES = 0x7fffffff;

export interface Backup {
  readonly bytes: number;
}

/**
 * Copies the database at `path` into `file`, while a service uses it or not: a reader of a WAL database holds nobody up. The copy
 * is whole and checked when `file` appears; it is readable by its owner only, since payloads are in it.
 * @throws StoreError when there is no database, or `file` is there already
 */
export async function backupDatabase(path: string, file: string): Promise<Backup> {
  if (!existsSync(path)) throw new StoreError(`there is no database ${path} to back up`);
  if (existsSync(file)) throw new StoreError(`${file} is there already and is not overwritten`);
  const partial = `${file}.partial`;
  try {
    closeSync(openSync(partial, 'wx', 0o600));
  } catch (error) {
    throw new StoreError(`cannot write ${partial}: ${reasonOf(error)}`, { cause: error });
  }
  try {
    await copy(path, partial);
    check(partial);
    // Unlike a renaming, it fails when somebody was quicker.
    linkSync(partial, file);
    syncDirectory(dirname(file));
    return { bytes: statSync(file).size };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`cannot back up ${path}: ${reasonOf(error)}`, { cause: error });
  } finally {
    rmSync(partial, { force: true });
  }
}

async function copy(path: string, partial: string): Promise<void> {
  const db = new Database(path, { readonly: true });
  try {
    await db.backup(partial, { progress: () => ALL_PAGES });
  } finally {
    db.close();
  }
}

function check(partial: string): void {
  const db = new Database(partial);
  try {
    // One file that stands for itself; the service that opens it turns WAL on again.
    db.pragma('journal_mode = DELETE');
    const answer = String(db.pragma('quick_check(1)', { simple: true }));
    if (answer !== 'ok') throw new StoreError(`the database is corrupt (${answer}); nothing was written`);
  } finally {
    db.close();
  }
}

/** So that the name survives a power loss, as the contents do. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
