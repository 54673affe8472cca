import type { Clock } from '../../signalling/clock.ts';
import type { ParticipantId } from '../../signalling/ids.ts';
import type { Connection } from './connection.ts';
import { Offset } from './replies.ts';
import { SCRIPTS } from './scripts.ts';

/** A slower reply makes the time too inexact. */
const EXACT_WITHIN_MS = 500;
/** A larger difference is a jump of a clock, not drift. */
const JUMP_MS = 1_000;
/** Two heartbeats, and a margin. */
const AGREEMENT_MS = 5_000;

interface Options {
  readonly connection: Connection;
  readonly process: ParticipantId;
  readonly clock: Clock;
  /** Whether the clock already is the shared time, as in tests that set it. */
  readonly isShared: boolean;
}

/** Redis's clock and the offset of the shared time from it, as a heartbeat returned them. */
export interface ClockReading {
  readonly redisMs: number;
  readonly offset: string;
  readonly tookMs: number;
}

/**
 * The steady time that all processes on one Redis share; they compare the lifetimes and idle times of all participants
 * with it (docs/adr/0011-shared-steady-time.md).
 */
export class SharedClock {
  readonly #options: Options;
  /** Offset of the shared time from Redis's clock (ms, as stored); undefined until it is known. */
  #offset: string | undefined;
  /** Offset of the shared time from this process's own clock (ms). */
  #ownOffsetMs = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Steady milliseconds; processes differ by a few milliseconds. */
  nowMs(): number {
    return this.#options.clock.steadyMs() + this.#ownOffsetMs;
  }

  /** Whole milliseconds of the wall clock, for timestamps in responses. */
  wallMs(): number {
    return Math.floor(this.#options.clock.wallMs());
  }

  /** Arguments of `heartbeat.lua`. */
  get heartbeatArguments(): { readonly initialOffset: string; readonly givenTime: string; readonly sentAt: string } {
    const now = this.nowMs().toFixed(3);
    const { isShared } = this.#options;
    return {
      initialOffset: this.#offset ?? '0',
      givenTime: isShared ? now : '',
      sentAt: isShared || this.#offset === undefined ? '' : now,
    };
  }

  /**
   * Follows small differences, which are drift. A large difference means that Redis's clock has jumped, which must not
   * expire participants, or that this process was suspended. A recent agreement of another process decides between the
   * two.
   */
  async follow({ redisMs: sentMs, offset, tookMs }: ClockReading): Promise<void> {
    if (this.#options.isShared) return;
    const redisMs = sentMs + tookMs / 2;
    const isKnown = this.#offset !== undefined;
    if (tookMs > EXACT_WITHIN_MS && isKnown) return;
    const isJump = isKnown && Math.abs(this.#ownOffset(redisMs, offset) - this.#ownOffsetMs) > JUMP_MS;
    if (isJump) {
      const proposed = (this.nowMs() - redisMs).toFixed(3);
      this.#adopt(redisMs, await this.#compare(offset, proposed));
    } else {
      this.#adopt(redisMs, offset);
      await this.#compare(offset, '');
    }
  }

  #adopt(redisMs: number, offset: string): void {
    this.#ownOffsetMs = this.#ownOffset(redisMs, offset);
    this.#offset = offset;
  }

  #ownOffset(redisMs: number, offset: string): number {
    return redisMs + Number(offset) - this.#options.clock.steadyMs();
  }

  async #compare(read: string, proposed: string): Promise<string> {
    const { connection, process } = this.#options;
    const keys = [`${connection.location.prefix}:fleet`];
    const args = [process, read, proposed, String(AGREEMENT_MS)];
    return Offset.parse(await connection.run({ script: SCRIPTS.clockOffset, keys, args }));
  }
}
