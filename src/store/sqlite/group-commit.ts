import type Database from 'better-sqlite3';
import { Deferred } from '../../signalling/deferred.ts';
import { SignallingError, storeUnavailable } from '../../signalling/errors.ts';
import type { RoomId } from '../../signalling/ids.ts';
import type { Hint } from '../../signalling/store.ts';
import { sqliteCodeOf } from './database.ts';

/** The interface through which an operation reports to its shared transaction. */
export interface Tx {
  /** Call before the first write to a room: if the transaction fails, the room is read again from the database. */
  touch(roomId: RoomId): void;
  /** Published after the commit. */
  hint(hint: Hint): void;
  /** Called after the commit, before any operation resolves. */
  afterCommit(listener: () => void): void;
  /** Called when the transaction is rolled back, before the rows are read again; the last registered first. */
  onRollback(listener: () => void): void;
}

type Work<T> = (tx: Tx) => T;

/** One queued operation; it is settled after the commit of its batch. */
class Operation<T> extends Deferred<T> {
  readonly #work: Work<T>;
  #result: T | undefined;
  #refusal: SignallingError | undefined;

  constructor(work: Work<T>) {
    super();
    this.#work = work;
  }

  /** @throws unknown any error but a refusal, which waits for the commit of the others */
  perform(tx: Tx): void {
    try {
      this.#result = this.#work(tx);
      this.#refusal = undefined;
    } catch (error) {
      if (!(error instanceof SignallingError)) throw error;
      this.#refusal = error;
    }
  }

  committed(): void {
    if (this.#refusal === undefined) this.resolve(this.#result as T);
    else this.reject(this.#refusal);
  }
}

export interface GroupCommitOptions {
  readonly db: Database.Database;
  /** Rebuilds these rooms in memory from their rows. */
  readonly onRollback: (rooms: ReadonlySet<RoomId>) => void;
  readonly onHint: (hint: Hint) => void;
  readonly onCommit: (operations: number, elapsedMs: number) => void;
  /** Reason to refuse commits now; undefined if there is none. Called before every transaction, so it must be cheap. */
  readonly obstacle: () => Error | undefined;
}

/**
 * perf: a commit with fsync costs about 50 us of CPU time regardless of its size (measured: 65 us a message alone, 24
 * in threes, 13 in eights), so a busy service gathers writes this long. An idle one commits after two turns.
 */
const MAX_GATHER_MS = 2;
/** With this many operations, stop gathering. */
const STOP_GATHERING_AT = 64;

/**
 * Writes that arrive within the same few turns of the event loop share one transaction and resolve after it. One fsync
 * replaces many, which makes FULL durability affordable. An operation refuses (SignallingError) before its first write.
 * Any other error, or a failed COMMIT, rolls back the whole batch; then each operation is retried alone, so that only
 * the faulty one fails.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;
  readonly #rollback: Database.Statement;
  #queue: Operation<unknown>[] = [];

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#begin = options.db.prepare('BEGIN IMMEDIATE');
    this.#commit = options.db.prepare('COMMIT');
    this.#rollback = options.db.prepare('ROLLBACK');
  }

  /** @throws SignallingError what `work` refused with, or `storage-unavailable` */
  run<T>(work: Work<T>): Deferred<T> {
    const operation = new Operation(work);
    if (this.#queue.push(operation) === 1) this.#gather(1, performance.now());
    return operation;
  }

  /** Waits for another turn of the event loop as long as each turn brings further writes, within bounds. */
  #gather(size: number, sinceMs: number): void {
    setImmediate(() => {
      const grown = this.#queue.length;
      if (grown > size && grown < STOP_GATHERING_AT && performance.now() - sinceMs < MAX_GATHER_MS)
        this.#gather(grown, sinceMs);
      else this.flush();
    });
  }

  /** Commits the waiting operations now. */
  readonly flush = (): void => {
    const batch = this.#queue;
    this.#queue = [];
    const obstacle = this.#options.obstacle();
    if (obstacle !== undefined) {
      for (const operation of batch) operation.reject(storeUnavailable(obstacle));
      return;
    }
    const failure = this.#attempt(batch);
    if (failure === undefined) return;
    // While the database is locked, each further attempt would take a whole busy timeout.
    if (batch.length === 1 || !failure.begun) for (const operation of batch) operation.reject(failure.error);
    else for (const operation of batch) this.#alone(operation);
  };

  #alone(operation: Operation<unknown>): void {
    const failure = this.#attempt([operation]);
    if (failure !== undefined) operation.reject(failure.error);
  }

  #attempt(batch: readonly Operation<unknown>[]): { error: unknown; begun: boolean } | undefined {
    if (batch.length === 0) return undefined;
    const rooms = new Set<RoomId>();
    const hints: Hint[] = [];
    const listeners: (() => void)[] = [];
    const undo: (() => void)[] = [];
    const tx: Tx = {
      touch: (roomId) => rooms.add(roomId),
      hint: (hint) => hints.push(hint),
      afterCommit: (listener) => listeners.push(listener),
      onRollback: (listener) => undo.unshift(listener),
    };
    const startedMs = performance.now();
    let begun = false;
    try {
      this.#begin.run();
      begun = true;
      for (const operation of batch) operation.perform(tx);
      this.#commit.run();
    } catch (error) {
      this.#undo(batch, rooms, undo, error);
      // An app that embeds the service may continue after the service is closed.
      return { error: this.#options.db.open ? asRefusal(error) : storeUnavailable(error), begun };
    }
    this.#options.onCommit(batch.length, performance.now() - startedMs);
    for (const listener of listeners) listener();
    // Senders first: the trace then has each send before its delivery.
    for (const operation of batch) operation.committed();
    for (const hint of hints) this.#options.onHint(hint);
    return undefined;
  }

  /**
   * If the roll-back fails too, memory and rows may differ: the batch is refused, and the process ends with the error.
   */
  #undo(
    batch: readonly Operation<unknown>[],
    rooms: ReadonlySet<RoomId>,
    undo: readonly (() => void)[],
    cause: unknown,
  ): void {
    try {
      if (this.#options.db.inTransaction) this.#rollback.run();
      for (const listener of undo) listener();
      this.#options.onRollback(rooms);
    } catch (error) {
      for (const operation of batch) operation.reject(storeUnavailable(cause));
      throw error;
    }
  }
}

const CANNOT_COMMIT = /^SQLITE_(FULL|IOERR|BUSY|LOCKED|READONLY|CANTOPEN|NOMEM|PROTOCOL)/;

const asRefusal = (error: unknown): unknown =>
  CANNOT_COMMIT.test(sqliteCodeOf(error)) ? storeUnavailable(error) : error;
