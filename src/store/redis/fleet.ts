import { newParticipantId } from '../../signalling/ids.ts';
import type { Clock } from '../../signalling/clock.ts';
import type { Connection } from './connection.ts';
import { Beat } from './replies.ts';
import type { RoomIndex } from './room-index.ts';
import { SCRIPTS } from './scripts.ts';

const BEAT_EVERY_MS = 2_000;
/** So long may all processes be silent until the next one counts as the first to come back. */
const LIFETIME_MS = 10_000;
/** An answer that took longer tells the time too badly. */
const EXACT_WITHIN_MS = 500;
const JUMP_MS = 1_000;
/** A beat that reaches Redis later than this has waited for a stalled Redis. */
const PROMPT_MS = 1_000;
/** Two beats, and a little. */
const AGREEMENT_MS = 5_000;

interface Options {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly index: RoomIndex;
  /** False: the clock is the fleet's time already, as in tests that turn it. */
  readonly keepInStep: boolean;
}

/**
 * The processes that share a Redis. They share a steady time, since they judge each other's lifetimes and idle times by it, and an
 * era: as long as one of them is there it goes on; with the first that comes back all idle times begin anew. After an
 * outage of Redis they begin anew within the era: no client could poll, but what is known of polls stays valid.
 */
export class Fleet {
  /** Names this process among the others; random, so that none inherits the polls of one that died. */
  readonly process = newParticipantId();
  readonly #options: Options;
  readonly #timer: NodeJS.Timeout;
  /** Of the fleet's time before Redis's clock, as Redis has it; undefined until it is known. */
  #ahead: string | undefined;
  /** Of the fleet's time before this process's own. */
  #aheadOfOwnMs = 0;
  /** When the last beat that was answered was sent (real ms). */
  #beatAt = -Infinity;
  #era = '';
  #onNewEra: () => void = () => undefined;
  #onBeat: () => void = () => undefined;
  #beganMs = 0;

  private constructor(options: Options) {
    this.#options = options;
    // Real time: it is Redis that counts how long we were silent.
    this.#timer = setInterval(() => void this.beat().catch(() => undefined), BEAT_EVERY_MS);
    this.#timer.unref();
  }

  static async join(options: Options): Promise<Fleet> {
    const fleet = new Fleet(options);
    await fleet.beat();
    return fleet;
  }

  /** Steady milliseconds, the same in every process but for a few ms. */
  nowMs(): number {
    return this.#options.clock.steadyMs() + this.#aheadOfOwnMs;
  }

  get era(): string {
    return this.#era;
  }

  get beganMs(): number {
    return this.#beganMs;
  }

  /** What was told in the era before counts no longer. */
  onNewEra(listener: () => void): void {
    this.#onNewEra = listener;
  }

  /** Each beat publishes a text to this process. */
  onBeat(listener: () => void): void {
    this.#onBeat = listener;
  }

  /**
   * Call before participants are judged by presence. After a silence in which the fleet may have expired, and after an
   * outage, idle times begin anew first.
   * @throws SignallingError `storage-unavailable`
   */
  async confirmEra(): Promise<void> {
    const isOld = performance.now() - this.#beatAt > LIFETIME_MS / 2;
    if (isOld || this.#options.connection.outages.since(this.#beatAt) !== undefined) await this.beat();
  }

  async beat(): Promise<void> {
    const sentAt = performance.now();
    const outage = this.#options.connection.outages.since(this.#beatAt);
    const awayMs = outage === undefined ? '' : String(Math.ceil(sentAt - outage.sinceMs));
    const [era, beganMs, redisMs, ahead] = Beat.parse(await this.#say('beat', { awayMs }));
    const tookMs = performance.now() - sentAt;
    this.#beatAt = sentAt;
    this.#onBeat();
    const isNew = era !== this.#era;
    this.#era = era;
    this.#beganMs = beganMs;
    if (isNew) {
      if (era.startsWith(`${this.process}:`)) this.#options.index.beginEra();
      this.#onNewEra();
    }
    if (this.#options.keepInStep) await this.#keepInStep(redisMs + tookMs / 2, ahead, tookMs);
    await this.#options.index.tellBegun(this.nowMs());
  }

  /**
   * Small differences are drift, and followed. A large one is a jump of Redis's clock, which must expire nothing, or this process stood
   * still: what the others say of late decides.
   */
  async #keepInStep(redisMs: number, ahead: string, tookMs: number): Promise<void> {
    const isKnown = this.#ahead !== undefined;
    if (tookMs > EXACT_WITHIN_MS && isKnown) return;
    const isJump = isKnown && Math.abs(this.#ownDistance(redisMs, ahead) - this.#aheadOfOwnMs) > JUMP_MS;
    if (isJump) {
      this.#ahead = (this.nowMs() - redisMs).toFixed(3);
      const [, , , decided] = Beat.parse(await this.#say('correct', { before: ahead }));
      this.#follow(redisMs, decided);
    } else {
      this.#follow(redisMs, ahead);
      await this.#say('agree');
    }
  }

  #follow(redisMs: number, ahead: string): void {
    this.#aheadOfOwnMs = this.#ownDistance(redisMs, ahead);
    this.#ahead = ahead;
  }

  #ownDistance(redisMs: number, ahead: string): number {
    return redisMs + Number(ahead) - this.#options.clock.steadyMs();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** So that the others, or the next to come, need not wait. */
  async sayGoodbye(): Promise<void> {
    this.stop();
    await this.#say('bye').catch(() => undefined);
  }

  #say(word: 'beat' | 'bye' | 'agree' | 'correct', { before = '', awayMs = '' } = {}): Promise<unknown> {
    const { connection, keepInStep } = this.#options;
    const nowMs = this.nowMs().toFixed(3);
    const given = keepInStep ? '' : nowMs;
    const sentMs = keepInStep && this.#ahead !== undefined ? nowMs : '';
    const bounds = [LIFETIME_MS, AGREEMENT_MS, PROMPT_MS].map(String);
    return connection.run({
      script: SCRIPTS.fleet,
      keys: [`${connection.location.prefix}:fleet`],
      args: [this.process, word, this.#ahead ?? '0', before, given, ...bounds, awayMs, sentMs],
    });
  }
}
