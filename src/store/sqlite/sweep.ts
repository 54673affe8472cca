import type { SqliteContext } from './context.ts';
import { expireSome } from './expire.ts';
import type { Tx } from './group-commit.ts';
import type { IdleTimers } from './idle-timers.ts';
import { depart } from './remove.ts';

/** Rows per round; the time is checked between rounds. */
const PARTICIPANTS_AT_ONCE = 16;
const MESSAGES_AT_ONCE = 64;
const KEYS_AT_ONCE = 256;
/** Time limit of a slice. Requests wait for the slice and its commit, which takes about as long again. */
const SLICE_MS = 5;
/** Number of rounds that fit into that time on a fast machine. */
const MAX_ROUNDS = 8;
const FORGET_EVERY_MS = 10_000;

export class Sweep {
  readonly #context: SqliteContext;
  readonly #idleTimers: IdleTimers;
  #forgetFromMs = 0;

  constructor(context: SqliteContext, idleTimers: IdleTimers) {
    this.#context = context;
    this.#idleTimers = idleTimers;
  }

  /** Decided from memory, so that an idle service runs no query. */
  isDue(): boolean {
    const nowMs = this.#context.clock.steadyMs();
    return (
      this.#context.index.totals.expiresFromMs <= nowMs ||
      this.#forgetFromMs <= nowMs ||
      this.#idleTimers.due(nowMs, 1).length > 0
    );
  }

  /** Runs rounds until the time limit. @returns whether more is due now */
  slice(tx: Tx): boolean {
    const { clock } = this.#context;
    const untilMs = clock.steadyMs() + SLICE_MS;
    let more = this.#round(tx);
    for (let round = 1; more && round < MAX_ROUNDS && clock.steadyMs() < untilMs; round += 1) more = this.#round(tx);
    return more;
  }

  #round(tx: Tx): boolean {
    const nowMs = this.#context.clock.steadyMs();
    const idle = this.#idleTimers.due(nowMs, PARTICIPANTS_AT_ONCE);
    for (const participant of idle) depart(this.#context, tx, participant, 'timeout');
    const moreMessages = expireSome(this.#context, tx, MESSAGES_AT_ONCE);
    const moreKeys = this.#forgetFromMs <= nowMs && this.#forgetKeys(tx, nowMs);
    return idle.length === PARTICIPANTS_AT_ONCE || moreMessages || moreKeys;
  }

  #forgetKeys(tx: Tx, nowMs: number): boolean {
    const { goneTokens, sends } = this.#context.index;
    const moreTokens = goneTokens.forget(tx, nowMs, KEYS_AT_ONCE);
    const moreSends = sends.forget(tx, nowMs, KEYS_AT_ONCE);
    const more = moreTokens || moreSends;
    if (!more) this.#forgetFromMs = nowMs + FORGET_EVERY_MS;
    return more;
  }
}
