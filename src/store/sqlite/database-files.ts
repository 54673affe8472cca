import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { StoreError } from '../store-error.ts';

/** A check takes some 10 us. */
const CHECK_EVERY_MS = 500;

/**
 * The files of an open database. When one is deleted, moved or replaced, SQLite still commits to it, but a restart would
 * not find it under its name: the store must refuse operations until the files are back.
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
    this.#fault = this.#look();
    if (this.#fault !== undefined && known === undefined) throw this.#fault;
  }

  #look(): StoreError | undefined {
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
