import type { Tx } from './group-commit.ts';
import type { Statement } from './statements.ts';

interface Entry {
  /** `id` of its row. */
  readonly row: number;
}

interface Options<E extends Entry> {
  /** The last of the oldest rows, at most `limit`, that are all overdue. */
  readonly lastOverdue: Statement<[limit: number, nowMs: number], { row: number | null }>;
  readonly deleteUpTo: Statement<[row: number], never>;
  readonly onForget: (entry: E) => void;
}

/**
 * Rows that are remembered for a fixed time: only appended, found in memory, and deleted from the oldest on.
 * perf: no index to write, and one range delete for all that is overdue; an indexed row took three times as long.
 */
export class AppendOnlyRows<E extends Entry> {
  /** In the order of their rows. A row without an entry is not needed any more, and is deleted in its turn. */
  readonly #entries = new Set<E>();
  readonly #options: Options<E>;

  constructor(options: Options<E>) {
    this.#options = options;
  }

  load(entry: E): void {
    this.#entries.add(entry);
  }

  /** Call after the row was appended. @param undo takes back in memory what belongs to the entry */
  add(tx: Tx, entry: E, undo: () => void): void {
    this.#entries.add(entry);
    tx.onRollback(() => {
      this.#entries.delete(entry);
      undo();
    });
  }

  /** Frees the memory of entries after the commit; leaves their rows. */
  drop(tx: Tx, entries: Iterable<E>): void {
    tx.afterCommit(() => {
      for (const entry of entries) this.#entries.delete(entry);
    });
  }

  /** Deletes overdue rows, at most `limit`. @returns whether more may be overdue */
  forget(tx: Tx, nowMs: number, limit: number): boolean {
    const last = this.#options.lastOverdue.get(limit, nowMs)?.row ?? undefined;
    if (last === undefined) return false;
    const { changes } = this.#options.deleteUpTo.run(last);
    const forgotten = this.#entriesUpTo(last);
    tx.afterCommit(() => {
      for (const entry of forgotten) {
        this.#entries.delete(entry);
        this.#options.onForget(entry);
      }
    });
    return changes === limit;
  }

  /** Collected at once, since an emptied table numbers later rows of the same transaction from 1 again. */
  #entriesUpTo(row: number): readonly E[] {
    const found: E[] = [];
    for (const entry of this.#entries) {
      if (entry.row > row) break;
      found.push(entry);
    }
    return found;
  }
}
