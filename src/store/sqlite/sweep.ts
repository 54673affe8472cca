import type { TokenHandle } from '../../signalling/tokens.ts';
import type { SqliteContext } from './context.ts';
import { depart } from './depart.ts';
import { expireSome } from './expire.ts';
import type { Tx } from './group-commit.ts';
import type { IdleTimers } from './idle-timers.ts';

/** Rows per round; the time is checked between rounds. */
const PARTICIPANTS_AT_ONCE = 16;
const MESSAGES_AT_ONCE = 64;
const KEYS_AT_ONCE = 256;
/** Time limit of a slice. Requests wait for the slice and its commit, which takes about as long again. */
const SLICE_MS = 5;
/** As many rounds as fit into that time on a fast machine. */
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

  /** Judged from memory, so that an idle service runs no query. */
  isDue(): boolean {
    const nowMs = this.#context.clock.steadyMs();
    return (
      this.#context.directory.expiresFromMs <= nowMs ||
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
    const moreKeys = this.#forgetFromMs <= nowMs && this.#forgetKeys(nowMs);
    return idle.length === PARTICIPANTS_AT_ONCE || moreMessages || moreKeys;
  }

  #forgetSends(nowMs: number): number {
    const { statements, directory } = this.#context;
    const sends = statements.forgetSends.all(nowMs, KEYS_AT_ONCE);
    for (const { participant, bytes } of sends) {
      const record = directory.byRow(participant);
      if (record !== undefined) record.keptBytes -= bytes;
      directory.liveBytes -= bytes;
    }
    return sends.length;
  }

  #forgetKeys(nowMs: number): boolean {
    const { statements, directory } = this.#context;
    const tokens = statements.forgetTokens.all(nowMs, KEYS_AT_ONCE);
    for (const { handle } of tokens) directory.forgetToken(handle as TokenHandle);
    const sends = this.#forgetSends(nowMs);
    const joins = statements.forgetJoins.run(nowMs, KEYS_AT_ONCE).changes;
    const more = Math.max(tokens.length, sends, joins) === KEYS_AT_ONCE;
    if (!more) this.#forgetFromMs = nowMs + FORGET_EVERY_MS;
    return more;
  }
}
