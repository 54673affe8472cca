import type { Clock } from './clock.ts';
import { encodeCursor, type Cursor } from './cursor.ts';
import { drain } from './drain.ts';
import { SignallingError } from './errors.ts';
import { digest } from './fingerprint.ts';
import { identify, type Bearer } from './identify.ts';
import { newMailboxId, newMessageId, newParticipantId, type JsonText, type ParticipantId, type RoomId } from './ids.ts';
import type { GoneReason, Mailbox, Participant } from './message.ts';
import { PollPacer } from './pacer.ts';
import { receive, type Batch, type Poll, type ReceiveContext } from './receive.ts';
import type { Appended, SignallingStore, Join } from './store.ts';
import { startSweeping } from './sweeper.ts';
import { SILENT, type Telemetry } from './telemetry.ts';
import { mintToken } from './tokens.ts';
import { Waiters } from './waiters.ts';

export interface SignallingOptions {
  readonly store: SignallingStore;
  readonly clock: Clock;
  /** Called with what went wrong in work that no request waits for. */
  readonly onBackgroundError: (error: unknown) => void;
  readonly maxHeldPolls: number;
  readonly defaultIdleTimeoutMs: number;
  /** False lifts the slowing down of busy poll loops. */
  readonly pacePolls: boolean;
  /** Who counts and shows what happens; nobody when left out. */
  readonly telemetry?: Telemetry;
}

export interface JoinRequest {
  readonly roomId: RoomId;
  readonly participantId?: ParticipantId;
  readonly resume: boolean;
  readonly profile: Join['profile'];
}

export interface Draft {
  readonly to?: ParticipantId;
  readonly type: string;
  readonly payload?: JsonText;
  readonly callId?: string;
  readonly lifetimeMs: number;
}

/** A client's key for one request and what the request said; see `Idempotency-Key`. */
export interface Idempotency {
  readonly key: string;
  readonly fingerprint: string;
}

export interface JoinOutcome {
  readonly participantId: ParticipantId;
  readonly token: string;
  readonly cursor: string;
  readonly resumed: boolean;
  readonly replayed: boolean;
  readonly idleTimeoutMs: number;
  readonly participants: readonly Participant[];
}

/** The verbs of the product. Every rule that is not the store's own is here or one call away. */
export class Signalling {
  readonly #options: SignallingOptions;
  readonly #store: SignallingStore;
  readonly #waiters: Waiters;
  readonly #telemetry: Telemetry;
  readonly #receiving: ReceiveContext;
  readonly #stopSweeping: () => void;

  constructor(options: SignallingOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#waiters = new Waiters(options.clock);
    this.#telemetry = options.telemetry ?? SILENT;
    this.#receiving = {
      store: this.#store,
      waiters: this.#waiters,
      clock: options.clock,
      pacer: options.pacePolls ? new PollPacer(options.clock) : undefined,
      maxHeldPolls: options.maxHeldPolls,
      telemetry: this.#telemetry,
    };
    this.#store.watch((hint) => {
      if (hint.kind === 'messages') this.#waiters.wake(hint.mailboxId);
      else this.#waiters.end(hint.mailboxId, hint);
    });
    this.#stopSweeping = startSweeping(this.#store, options.clock, options.onBackgroundError);
  }

  get heldPolls(): number {
    return this.#waiters.size;
  }

  identify(token: string): Promise<Bearer | undefined> {
    return identify(this.#store, token);
  }

  /** @throws SignallingError `participant-exists`, `room-full`, `forbidden`, `idempotency-key-reused`, `storage-unavailable` */
  async join(request: JoinRequest, bearer: Bearer | undefined, idempotency?: Idempotency): Promise<JoinOutcome> {
    const proof = provenBy(bearer, request);
    const ownId = request.resume ? proof?.participantId : undefined;
    const minted = mintToken();
    const joined = await this.#store.join({
      roomId: request.roomId,
      participantId: request.participantId ?? ownId ?? newParticipantId(),
      resume: request.resume,
      proof: proof === undefined ? { kind: 'none' } : { kind: 'token', handle: proof.handle },
      profile: request.profile,
      defaultIdleTimeoutMs: this.#options.defaultIdleTimeoutMs,
      token: { handle: minted.handle, digest: minted.digest },
      mailboxId: newMailboxId(),
      ...(idempotency && {
        idempotency: {
          scope: digest('join', request.roomId, request.participantId ?? '', proof?.handle ?? '', idempotency.key),
          fingerprint: idempotency.fingerprint,
        },
      }),
    });
    if (!joined.replayed) this.#telemetry.joined(joined.mailbox, joined.resumed);
    return {
      participantId: joined.mailbox.participantId,
      token: minted.token,
      cursor: encodeCursor({ mailboxId: joined.mailbox.mailboxId, position: joined.acknowledged }),
      resumed: joined.resumed,
      replayed: joined.replayed,
      idleTimeoutMs: joined.idleTimeoutMs,
      participants: joined.participants,
    };
  }

  participants(roomId: RoomId): Promise<readonly Participant[]> {
    return this.#store.participants(roomId);
  }

  /** @throws SignallingError `participant-gone`, `recipient-not-found`, `mailbox-full`, `idempotency-key-reused`, `storage-unavailable` */
  async send(
    sender: Mailbox,
    operation: string,
    drafts: readonly Draft[],
    idempotency?: Idempotency,
  ): Promise<Appended> {
    const nowMs = this.#options.clock.wallMs();
    const messages = drafts.map((draft) => ({ ...draft, id: newMessageId(nowMs) }));
    const appended = await this.#store.append({
      sender,
      messages,
      ...(idempotency && {
        idempotency: { scope: `${operation}:${idempotency.key}`, fingerprint: idempotency.fingerprint },
      }),
    });
    if (!appended.replayed) this.#telemetry.sent(sender, messages, appended.receipts);
    return appended;
  }

  receive(mailbox: Mailbox, poll: Poll): Promise<Batch | undefined> {
    return receive(this.#receiving, mailbox, poll);
  }

  /** @throws SignallingError `cursor-expired`, `participant-gone`, `storage-unavailable` */
  async acknowledge(mailbox: Mailbox, cursor: Cursor): Promise<void> {
    await this.#store.acknowledge(mailbox, cursor);
    this.#telemetry.acknowledged(mailbox, cursor.position);
  }

  leave(mailbox: Mailbox, reason: GoneReason = 'left'): Promise<void> {
    return this.#store.depart(mailbox.roomId, mailbox.participantId, reason, mailbox.mailboxId);
  }

  /** A request of this participant ended: its idle time begins anew. */
  touch(mailbox: Mailbox): void {
    this.#store.touch(mailbox);
  }

  /** Ends the held polls with empty batches, spread over `overMs`. */
  drain(overMs: number): Promise<void> {
    return drain(this.#waiters, this.#options.clock, overMs);
  }

  check(): Promise<void> {
    return this.#store.check();
  }

  close(): void {
    this.#stopSweeping();
  }
}

/**
 * What a bearer proves on a join in open mode: a dead, unknown or elsewhere replaced one counts as absent.
 * @throws SignallingError `forbidden` for a live token of another room or participant
 */
function provenBy(bearer: Bearer | undefined, request: JoinRequest): Bearer | undefined {
  if (bearer === undefined || bearer.state === 'gone') return undefined;
  const own =
    bearer.roomId === request.roomId && (request.participantId ?? bearer.participantId) === bearer.participantId;
  if (own) return bearer;
  if (bearer.state === 'replaced') return undefined;
  throw new SignallingError(
    'forbidden',
    'This token belongs to another participant or room. Join without it, or with its own participantId.',
  );
}
