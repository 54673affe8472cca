import { requireEntry, type JoinPolicy, type JoinRequest } from './access.ts';
import { BackgroundLog, type ServiceLog } from './background-log.ts';
import { Canary } from './canary.ts';
import type { Clock } from './clock.ts';
import { identify, type Bearer, type Credential } from './credentials.ts';
import type { Cursor } from './cursor.ts';
import type { Awaitable } from './deferred.ts';
import { tooManyPolls } from './errors.ts';
import { FreeReplays } from './free-replays.ts';
import { FullStoreWatch } from './full-store-watch.ts';
import { newMessageId, type MessageId, type ParticipantId, type RoomId } from './ids.ts';
import { sendScope, type Idempotency } from './idempotency.ts';
import { join, type JoinContext, type JoinOutcome } from './join.ts';
import { joinRate, messageRate } from './limits.ts';
import type { Mailbox, OutgoingMessage, Participant } from './message.ts';
import { NetworkWindows } from './network-windows.ts';
import { ParticipantsPerAddress } from './participants-per-address.ts';
import { PollPacer, RateLimiter, type RateLimit } from './rate-limit.ts';
import { Reading, type BatchSink, type ReadingOptions } from './reading.ts';
import { receive, type Batch, type Poll, type ReceiveContext } from './receive.ts';
import type { Appended, Hint, RoomSummary, Store, StoreUsage, TokenLookup } from './store.ts';
import { startSweeping } from './sweeper.ts';
import { SILENT, type Telemetry } from './telemetry.ts';
import { TimingWheel } from './timing-wheel.ts';
import { Waiters, type HeldSummary } from './waiters.ts';

export interface SignallingOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Receives the log lines of background work. */
  readonly log: ServiceLog;
  /** Called once when the store is full, and once when it has room again. */
  readonly onStoreFull?: (isFull: boolean) => void;
  readonly maxHeldPolls: number;
  readonly defaultIdleTimeoutMs: number;
  readonly joinPolicy: JoinPolicy;
  /** Limit of one client address or subject. `Infinity` disables a limit, here and below. */
  readonly joinsPerMinute: number;
  /** Limit of live participants per client address in open mode. */
  readonly maxParticipantsPerAddress: number;
  /** Limit of one participant. */
  readonly messagesPerSecond: number;
  /** False: busy poll loops are not slowed down. */
  readonly pacePolls: boolean;
  readonly telemetry?: Telemetry;
}

export interface RoomPage {
  readonly rooms: readonly RoomSummary[];
  /** Absent on the last page. */
  readonly next?: RoomId;
}

/** The operations of the product. The store guarantees its own rules; all others are here or one call away. */
export class Signalling {
  readonly #options: SignallingOptions;
  readonly #store: Store;
  readonly #waiters: Waiters;
  readonly #telemetry: Telemetry;
  readonly #networkWindows: NetworkWindows;
  readonly #receiving: ReceiveContext;
  readonly #joining: JoinContext;
  readonly #messageRate: RateLimit;
  readonly #background: BackgroundLog;
  readonly #canary: Canary;
  readonly #fullStore: FullStoreWatch;
  readonly #stopSweeping: () => void;
  /** Open sockets that do not read at the moment: they count towards the limit of held polls. */
  idleSockets = 0;

  constructor(options: SignallingOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#waiters = new Waiters(options.clock);
    this.#telemetry = options.telemetry ?? SILENT;
    this.#networkWindows = new NetworkWindows(options.clock);
    this.#receiving = {
      store: this.#store,
      waiters: this.#waiters,
      windows: new TimingWheel(options.clock),
      networkWindows: this.#networkWindows,
      clock: options.clock,
      pacer: options.pacePolls ? new PollPacer(options.clock) : undefined,
      // The canary's poll does not count against the limit of clients.
      maxHeldPolls: () => options.maxHeldPolls - this.idleSockets + (this.#canary.isWaiting ? 1 : 0),
      telemetry: this.#telemetry,
    };
    const { store, clock, maxParticipantsPerAddress: max } = options;
    this.#joining = {
      perAddress: max === Infinity ? undefined : new ParticipantsPerAddress({ store, clock, max }),
      store: this.#store,
      policy: options.joinPolicy,
      limiter: new RateLimiter(joinRate(options.joinsPerMinute), options.clock),
      freeReplays: new FreeReplays(options.clock),
      defaultIdleTimeoutMs: options.defaultIdleTimeoutMs,
    };
    this.#fullStore = new FullStoreWatch({
      usage: () => this.#store.usage(),
      clock: options.clock,
      onChange: options.onStoreFull ?? (() => undefined),
    });
    this.#messageRate = messageRate(options.messagesPerSecond);
    this.#background = new BackgroundLog(options.log, options.clock);
    const report = this.#background;
    this.#canary = new Canary({ ...this.#receiving, store, report });
    this.#store.watch((hint) => this.#onHint(hint));
    this.#stopSweeping = startSweeping(this.#store, options.clock, report);
  }

  get heldPolls(): number {
    return this.#waiters.polls - (this.#canary.isWaiting ? 1 : 0);
  }

  /** Number of participants whose polls are held for a shorter time, because their networks cut longer holds. */
  get networkWindows(): number {
    return this.#networkWindows.countBounds();
  }

  heldIn(roomId: RoomId): readonly HeldSummary[] {
    return this.#waiters.heldIn(roomId);
  }

  identify(token: string, lookup: TokenLookup = {}): Awaitable<Bearer | undefined> {
    return identify(this.#store, token, lookup);
  }

  /** Checks the credential before the body is read; `join` checks the request itself. */
  requireEntry(credential: Credential, roomId: RoomId): void {
    requireEntry(credential, roomId, this.#options.joinPolicy);
  }

  /**
   * @throws SignallingError `unauthenticated`, `forbidden`, `participant-gone`, `rate-limited`, `participant-exists`,
   * `room-full`, `idempotency-key-reused`, `storage-unavailable`
   */
  join(request: JoinRequest, credential: Credential, idempotency?: Idempotency): PromiseLike<JoinOutcome> {
    return join(this.#joining, request, credential, idempotency).then((outcome) => {
      this.#networkWindows.forget(outcome.mailbox.mailboxId);
      if (!outcome.replayed) this.#telemetry.joined(outcome.mailbox, outcome.resumed);
      return outcome;
    }, this.#onRefusedWrite);
  }

  participants(roomId: RoomId): Promise<readonly Participant[]> {
    return this.#store.participants(roomId);
  }

  /** An id for a message to send; it contains the time. */
  newMessageId(): MessageId {
    return newMessageId(this.#options.clock.wallMs());
  }

  /**
   * @throws SignallingError `participant-gone`, `rate-limited`, `recipient-not-found`, `mailbox-full`,
   * `idempotency-key-reused`, `storage-unavailable`
   */
  send(
    sender: Mailbox,
    operation: string,
    messages: readonly OutgoingMessage[],
    idempotency?: Idempotency,
  ): PromiseLike<Appended> {
    const scoped = idempotency && sendScope(operation, idempotency);
    const append = { sender, messages, rate: this.#messageRate, ...(scoped && { idempotency: scoped }) };
    return this.#store.append(append).then((appended) => {
      if (!appended.replayed) this.#telemetry.sent(sender, messages, appended.receipts);
      return appended;
    }, this.#onRefusedWrite);
  }

  readonly #onRefusedWrite = (error: unknown): never => {
    this.#fullStore.noteRefusal(error);
    throw error;
  };

  #onHint(hint: Hint): void {
    const { mailboxId } = hint;
    if (hint.kind === 'messages') this.#waiters.wake(mailboxId);
    else if (hint.kind === 'superseded') this.#waiters.supersedeHeld(mailboxId);
    else {
      if (hint.kind === 'gone') this.#waiters.end(mailboxId, hint);
      else this.#joining.perAddress?.remove(mailboxId);
      this.#networkWindows.forget(mailboxId);
    }
  }

  receive(mailbox: Mailbox, poll: Poll): PromiseLike<Batch | undefined> {
    return receive(this.#receiving, mailbox, poll);
  }

  /** @throws SignallingError `too-many-polls`: a socket counts from its upgrade on */
  requireRoomForSocket(): void {
    if (this.#waiters.size >= this.#receiving.maxHeldPolls()) throw tooManyPolls();
  }

  /** Makes a socket the reader of the mailbox, once `start` is called. Refusals go to the sink. */
  read(mailbox: Mailbox, options: ReadingOptions, sink: BatchSink): Reading {
    return new Reading(this.#receiving, mailbox, options, sink);
  }

  /** @throws SignallingError `cursor-expired`, `participant-gone`, `storage-unavailable` */
  acknowledge(mailbox: Mailbox, cursor: Cursor): PromiseLike<void> {
    return this.#store.acknowledge(mailbox, cursor).then(() => this.#telemetry.acknowledged(mailbox, cursor.position));
  }

  leave(mailbox: Mailbox): PromiseLike<void> {
    return this.#store.depart(mailbox.roomId, mailbox.participantId, 'left', mailbox.mailboxId);
  }

  /** Removes a participant, which may join again. Does nothing for an absent one. */
  remove(roomId: RoomId, participantId: ParticipantId): PromiseLike<void> {
    return this.#store.depart(roomId, participantId, 'removed');
  }

  /** Removes all participants. Does nothing for an unknown room. */
  closeRoom(roomId: RoomId): PromiseLike<void> {
    return this.#store.closeRoom(roomId);
  }

  /** @param after the `next` of the previous page; `undefined` for the first page */
  async rooms(after: RoomId | undefined, limit: number): Promise<RoomPage> {
    const found = await this.#store.listRooms(after, limit + 1);
    const rooms = found.slice(0, limit);
    const last = rooms.at(-1);
    return { rooms, ...(found.length > limit && last !== undefined && { next: last.roomId }) };
  }

  /** Records that a request of the participant other than a poll has arrived. */
  recordRequest(mailbox: Mailbox): void {
    this.#networkWindows.recordRequest(mailbox.mailboxId);
  }

  /** Restarts the idle time of a participant, after one of its requests. */
  touch(mailbox: Mailbox): void {
    this.#store.touch(mailbox);
  }

  /** Ends the held polls with empty batches, and the readings of sockets, spread over `overMs`. */
  drain(overMs: number): Promise<void> {
    return this.#waiters.drain(overMs);
  }

  /**
   * Checks that messages are stored and delivered, as of a few seconds ago.
   * @throws SignallingError `storage-unavailable`
   */
  check(): Promise<void> {
    return this.#canary.check();
  }

  usage(): Promise<StoreUsage> {
    return this.#store.usage();
  }

  isStoreFull(): Promise<boolean> {
    return this.#fullStore.isFull();
  }

  /** @param refusal log fields of a request that got `storage-unavailable`; not logged during a logged outage */
  logRefusal(refusal: object): void {
    this.#background.requestRefused(refusal);
  }

  close(): void {
    this.#stopSweeping();
    this.#fullStore.stop();
    this.#background.flush();
  }
}
