import { newParticipantId } from '../../signalling/ids.ts';
import type { Clock } from '../../signalling/clock.ts';
import type { Connection } from './connection.ts';
import { Beat } from './replies.ts';
import type { RoomIndex } from './room-index.ts';
import { SCRIPTS } from './scripts.ts';

const BEAT_EVERY_MS = 2_000;
/** So long may all processes be silent until the next one counts as the first to come back. */
const LIFETIME_MS = 10_000;

interface Options {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly index: RoomIndex;
  /** False: the clock is the fleet's time already, as in tests that turn it. */
  readonly keepInStep: boolean;
}

/**
 * The processes that share a Redis. They share a steady time, since they judge each other's lifetimes and idle times by it, and an
 * era: as long as one of them is there it goes on; with the first that comes back all idle times begin anew.
 */
export class Fleet {
  /** Names this process among the others; random, so that none inherits the polls of one that died. */
  readonly process = newParticipantId();
  readonly #options: Options;
  readonly #timer: NodeJS.Timeout;
  #aheadMs = 0;
  #isInStep = false;
  #era = '';
  #onNewEra: () => void = () => undefined;
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
    return this.#options.clock.steadyMs() + this.#aheadMs;
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

  async beat(): Promise<void> {
    const isInStep = this.#isInStep || !this.#options.keepInStep;
    const reply = await this.#say('beat', this.nowMs(), isInStep);
    const [era, beganMs, fleetMs] = Beat.parse(reply);
    const isNew = era !== this.#era;
    this.#era = era;
    this.#beganMs = beganMs;
    if (this.#options.keepInStep) this.#aheadMs += fleetMs - this.nowMs();
    this.#isInStep = true;
    if (!isNew) return;
    if (era.startsWith(`${this.process}:`)) await this.#options.index.beginEra(this.nowMs());
    this.#onNewEra();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** So that the others, or the next to come, need not wait. */
  async sayGoodbye(): Promise<void> {
    this.stop();
    await this.#say('bye', 0, false).catch(() => undefined);
  }

  #say(word: 'beat' | 'bye', nowMs: number, isInStep: boolean): Promise<unknown> {
    const { connection } = this.#options;
    return connection.run({
      script: SCRIPTS.fleet,
      keys: [`${connection.location.prefix}:fleet`],
      args: [this.process, word, nowMs.toFixed(3), isInStep ? '1' : '0', String(LIFETIME_MS)],
    });
  }
}
