import type { TokenHandle } from '../../signalling/tokens.ts';
import type { SqliteContext } from './context.ts';
import { depart } from './depart.ts';
import { expireSome } from './expire.ts';
import type { Tx } from './group-commit.ts';
import type { IdleTimers } from './idle-timers.ts';

/** Rows per slice: a slice takes about a millisecond, which is what others may have to wait for it. */
const PARTICIPANTS_PER_SLICE = 16;
const MESSAGES_PER_SLICE = 64;
const KEYS_PER_SLICE = 256;
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

  /** @returns whether more is due now */
  slice(tx: Tx): boolean {
    const nowMs = this.#context.clock.steadyMs();
    const idle = this.#idleTimers.due(nowMs, PARTICIPANTS_PER_SLICE);
    for (const participant of idle) depart(this.#context, tx, participant, 'timeout');
    const moreMessages = expireSome(this.#context, tx, MESSAGES_PER_SLICE);
    const moreKeys = this.#forgetFromMs <= nowMs && this.#forgetKeys(nowMs);
    return idle.length === PARTICIPANTS_PER_SLICE || moreMessages || moreKeys;
  }

  #forgetSends(nowMs: number): number {
    const { statements, directory } = this.#context;
    const sends = statements.forgetSends.all(nowMs, KEYS_PER_SLICE);
    for (const { participant, bytes } of sends) {
      const record = directory.byRow(participant);
      if (record !== undefined) record.keptBytes -= bytes;
      directory.liveBytes -= bytes;
    }
    return sends.length;
  }

  #forgetKeys(nowMs: number): boolean {
    const { statements, directory } = this.#context;
    const tokens = statements.forgetTokens.all(nowMs, KEYS_PER_SLICE);
    for (const { handle } of tokens) directory.forgetToken(handle as TokenHandle);
    const sends = this.#forgetSends(nowMs);
    const joins = statements.forgetJoins.run(nowMs, KEYS_PER_SLICE).changes;
    const more = Math.max(tokens.length, sends, joins) === KEYS_PER_SLICE;
    if (!more) this.#forgetFromMs = nowMs + FORGET_EVERY_MS;
    return more;
  }
}
