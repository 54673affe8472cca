import { participantGone, SignallingError, unauthenticated } from '../../signalling/errors.ts';
import { newMessageId, type MailboxId, type RoomId } from '../../signalling/ids.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { Hint } from '../../signalling/store.ts';
import type { Telemetry } from '../../signalling/telemetry.ts';
import type { Connection } from './connection.ts';
import type { Membership } from './membership.ts';
import { goneReason } from './records.ts';
import { RoomReply, type Departure, type Expiration } from './replies.ts';
import type { RoomIndex } from './room-index.ts';
import type { Script } from './scripts.ts';
import type { SharedClock } from './shared-clock.ts';
import type { TokenCache } from './token-cache.ts';

export interface RoomContext {
  readonly connection: Connection;
  readonly membership: Membership;
  readonly index: RoomIndex;
  readonly tokenCache: TokenCache;
  readonly clock: SharedClock;
  readonly telemetry: Telemetry;
  readonly onHint: (hint: Hint) => void;
}

export interface Outcome {
  /** `ok`, or the code of a refusal. */
  readonly status: string;
  /** The values after the status and the schedule, as the header of the script describes them. */
  readonly result: readonly unknown[];
  /** The time that the script received (shared ms). */
  readonly nowMs: number;
}

export type Argument = string | number;

interface RunOptions {
  /** Wait for as many replicas as the settings require. */
  readonly confirmed?: boolean;
  readonly wallMs?: number;
}

/** Runs the scripts of a room: adds the common arguments and handles the common results. */
export class RoomScripts {
  readonly #context: RoomContext;

  constructor(context: RoomContext) {
    this.#context = context;
  }

  /** Whole milliseconds of the wall clock, for timestamps in responses. */
  wallMs(): number {
    return this.#context.clock.wallMs();
  }

  /** @throws SignallingError `participant-gone`, `storage-unavailable` */
  async run(
    script: Script,
    roomId: RoomId,
    own: readonly Argument[],
    { confirmed = false, wallMs = this.wallMs() }: RunOptions = {},
  ): Promise<Outcome> {
    const { connection, membership, clock, index } = this.#context;
    const { epoch, idleSinceMs, process } = membership;
    const nowMs = clock.nowMs();
    const shared = [nowMs.toFixed(3), wallMs, epoch, idleSinceMs, process, newMessageId(wallMs)];
    const args = [...shared, ...own].map(String);
    const reply = await connection
      .run({ script, keys: [this.#key(roomId)], args, confirmed })
      .catch((error: unknown) => {
        // The script may have run all the same; the schedule in its reply is then lost.
        index.lookLater(roomId, nowMs);
        throw error;
      });
    const [status, schedule, ...result] = RoomReply.parse(reply);
    if (status === 'participant-gone') throw participantGone(goneReason.parse(result[0]));
    await index.report(roomId, schedule);
    return { status, result, nowMs };
  }

  /**
   * Runs a script on behalf of a mailbox's owner: adds its id, mailbox and generation as the first three arguments.
   * @throws SignallingError `participant-gone`, `unauthenticated`, `storage-unavailable`
   */
  async runFor(mailbox: Mailbox, script: Script, own: readonly Argument[], options: RunOptions = {}): Promise<Outcome> {
    const { roomId, participantId, mailboxId, fencingToken = '' } = mailbox;
    try {
      return await this.run(script, roomId, [participantId, mailboxId, fencingToken, ...own], options);
    } catch (error) {
      if (!(error instanceof SignallingError) || error.details.reason === undefined) throw error;
      // The token came from the cache; a lookup would not have found a replaced token.
      const wasCached = this.forgetTokens(roomId).includes(mailboxId);
      throw wasCached && error.details.reason === 'replaced' ? unauthenticated() : error;
    }
  }

  /** Reports departures and expired messages to telemetry. */
  reportRemovals(roomId: RoomId, departures: readonly Departure[], expirations: readonly Expiration[] = []): void {
    const { telemetry, tokenCache } = this.#context;
    // The published text may reach this process only after its next request.
    if (departures.length > 0) tokenCache.forget(roomId);
    for (const { participantId, mailboxId, reason, unread } of departures) {
      this.departed(mailboxId);
      telemetry.departed({ roomId, participantId, mailboxId }, reason, unread);
    }
    for (const { participantId, mailboxId, position } of expirations) {
      telemetry.expired({ roomId, participantId, mailboxId }, position);
    }
  }

  /** Call for departures on any process. */
  departed(mailboxId: MailboxId): void {
    this.#context.onHint({ kind: 'departed', mailboxId });
  }

  /** @returns the mailboxes whose tokens were cached */
  forgetTokens(roomId: RoomId): readonly MailboxId[] {
    return this.#context.tokenCache.forget(roomId);
  }

  #key(roomId: RoomId): string {
    return `${this.#context.connection.location.prefix}:{${roomId}}`;
  }
}
