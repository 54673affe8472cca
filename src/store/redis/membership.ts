import type { ParticipantId } from '../../signalling/ids.ts';
import type { Connection } from './connection.ts';
import { Heartbeat } from './replies.ts';
import type { RoomIndex } from './room-index.ts';
import { SCRIPTS } from './scripts.ts';
import type { SharedClock } from './shared-clock.ts';

const HEARTBEAT_EVERY_MS = 2_000;
/** When all processes have been silent for this long, the next heartbeat begins an epoch. */
const LIFETIME_MS = 10_000;
/** A heartbeat that takes longer than this to reach Redis has waited for a stalled Redis. */
const PROMPT_MS = 1_000;

interface Options {
  readonly connection: Connection;
  readonly index: RoomIndex;
  readonly clock: SharedClock;
  /** Identifies this process. Random, so that no process inherits the polls of one that died. */
  readonly process: ParticipantId;
}

/**
 * The processes that share a Redis. An epoch lasts as long as one of them is alive. The first heartbeat after a silence
 * begins a new epoch, which ignores presence recorded before it and restarts idle times. After an outage of Redis, idle
 * times restart within the epoch: no client could poll, but recorded polls stay valid.
 */
export class Membership {
  readonly process: ParticipantId;
  readonly #options: Options;
  readonly #timer: NodeJS.Timeout;
  /** Send time of the last heartbeat that got a reply (monotonic ms). */
  #answeredAt = -Infinity;
  #epoch = '';
  #idleSinceMs = 0;
  #onNewEpoch: () => void = () => undefined;
  #onHeartbeat: () => void = () => undefined;

  private constructor(options: Options) {
    this.#options = options;
    this.process = options.process;
    // Uses no shared clock: Redis measures the silence of a process by its own clock.
    this.#timer = setInterval(() => void this.sendHeartbeat().catch(() => undefined), HEARTBEAT_EVERY_MS);
    this.#timer.unref();
  }

  static async join(options: Options): Promise<Membership> {
    const membership = new Membership(options);
    await membership.sendHeartbeat();
    return membership;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Idle times count from this time at the earliest (shared ms). */
  get idleSinceMs(): number {
    return this.#idleSinceMs;
  }

  /** Called when an epoch begins: presence that was recorded before it no longer counts. */
  onNewEpoch(listener: () => void): void {
    this.#onNewEpoch = listener;
  }

  /** Called after each heartbeat, which publishes a text to this process. */
  onHeartbeat(listener: () => void): void {
    this.#onHeartbeat = listener;
  }

  /**
   * Call before removing idle participants. After an outage, and after a silence in which the epoch may have ended,
   * idle times must restart first.
   * @throws SignallingError `storage-unavailable`
   */
  async ensureCurrentEpoch(): Promise<void> {
    const isOld = performance.now() - this.#answeredAt > LIFETIME_MS / 2;
    if (isOld || this.#options.connection.outages.since(this.#answeredAt) !== undefined) await this.sendHeartbeat();
  }

  async sendHeartbeat(): Promise<void> {
    const { connection, clock, index } = this.#options;
    const sentAt = performance.now();
    const outage = connection.outages.since(this.#answeredAt);
    const outageMs = outage === undefined ? '' : String(Math.ceil(sentAt - outage.sinceMs));
    const [epoch, idleSinceMs, redisMs, offset] = Heartbeat.parse(await this.#run(outageMs));
    const tookMs = performance.now() - sentAt;
    this.#answeredAt = sentAt;
    this.#onHeartbeat();
    this.#idleSinceMs = idleSinceMs;
    if (epoch !== this.#epoch) this.#enter(epoch);
    await clock.follow({ redisMs, offset, tookMs });
    await index.announceEpoch(clock.nowMs());
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Ends the epoch if this is the last process. */
  async leave(): Promise<void> {
    this.stop();
    const { connection } = this.#options;
    const args = [this.process, String(LIFETIME_MS)];
    await connection.run({ script: SCRIPTS.leave, keys: [this.#key], args }).catch(() => undefined);
  }

  #enter(epoch: string): void {
    this.#epoch = epoch;
    if (epoch.startsWith(`${this.process}:`)) this.#options.index.beginEpoch();
    this.#onNewEpoch();
  }

  #run(outageMs: string): Promise<unknown> {
    const { connection, clock } = this.#options;
    const { initialOffset, givenTime, sentAt } = clock.heartbeatArguments;
    const args = [this.process, String(LIFETIME_MS), initialOffset, givenTime, outageMs, sentAt, String(PROMPT_MS)];
    return connection.run({ script: SCRIPTS.heartbeat, keys: [this.#key], args });
  }

  get #key(): string {
    return `${this.#options.connection.location.prefix}:fleet`;
  }
}
