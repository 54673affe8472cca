import type { Clock } from '../../signalling/clock.ts';
import { unauthenticated } from '../../signalling/authorize.ts';
import { participantGone, type SignallingError } from '../../signalling/errors.ts';
import { newMessageId, type RoomId } from '../../signalling/ids.ts';
import type { GoneReason } from '../../signalling/message.ts';
import type { Telemetry } from '../../signalling/telemetry.ts';
import type { Connection } from './connection.ts';
import type { Fleet } from './fleet.ts';
import { Answer, goneReason, type Departure, type Expiration } from './replies.ts';
import type { RoomIndex } from './room-index.ts';
import type { Script } from './scripts.ts';
import type { TokenCache } from './token-cache.ts';

export interface RoomContext {
  readonly connection: Connection;
  readonly fleet: Fleet;
  readonly index: RoomIndex;
  readonly tokenCache: TokenCache;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface Outcome {
  /** `ok`, or the code of a refusal. */
  readonly status: string;
  /** What else the script answered; its own parser knows. */
  readonly said: readonly unknown[];
  /** The time that the script went by (steady ms). */
  readonly nowMs: number;
}

type Argument = string | number;

/** Runs the scripts of a room: gives them what all of them need, and passes on what all of them say. */
export class RoomScripts {
  readonly #context: RoomContext;

  constructor(context: RoomContext) {
    this.#context = context;
  }

  /** Whole milliseconds of the wall clock, for what is shown. */
  wallMs(): number {
    return Math.floor(this.#context.clock.wallMs());
  }

  /** @throws SignallingError `participant-gone`, `storage-unavailable` */
  async run(
    script: Script,
    roomId: RoomId,
    own: readonly Argument[],
    { confirmed = false, wallMs = this.wallMs() }: { confirmed?: boolean; wallMs?: number } = {},
  ): Promise<Outcome> {
    const { connection, fleet, index } = this.#context;
    const nowMs = fleet.nowMs();
    const shared = [nowMs.toFixed(3), wallMs, fleet.era, fleet.beganMs, fleet.process, newMessageId(wallMs)];
    const args = [...shared, ...own].map(String);
    const reply = await connection.run({ script, keys: [this.#key(roomId)], args, confirmed });
    const [status, schedule, ...said] = Answer.parse(reply);
    if (status === 'participant-gone') throw this.#gone(roomId, goneReason.parse(said[0]));
    await index.note(roomId, schedule);
    return { status, said, nowMs };
  }

  /** Tells those who count who went and what ran out of its lifetime. */
  tell(roomId: RoomId, departures: readonly Departure[], expirations: readonly Expiration[] = []): void {
    const { telemetry, tokenCache } = this.#context;
    // The others hear of it; this process may be asked before it hears itself.
    if (departures.length > 0) tokenCache.forget(roomId);
    for (const { participantId, mailboxId, reason, unread } of departures) {
      telemetry.departed({ roomId, participantId, mailboxId }, reason, unread);
    }
    for (const { participantId, mailboxId, ...copy } of expirations) {
      telemetry.expired({ roomId, participantId, mailboxId }, copy);
    }
  }

  forgetTokens(roomId: RoomId): void {
    this.#context.tokenCache.forget(roomId);
  }

  /** A token out of memory was good when it was kept. A fresh look would not have known a replaced one. */
  #gone(roomId: RoomId, reason: GoneReason): SignallingError {
    const wasKept = this.#context.tokenCache.forget(roomId);
    return wasKept && reason === 'replaced' ? unauthenticated() : participantGone(reason);
  }

  #key(roomId: RoomId): string {
    return `${this.#context.connection.location.prefix}:{${roomId}}`;
  }
}
