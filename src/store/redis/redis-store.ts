import { systemClock, type Clock } from '../../signalling/clock.ts';
import type { Cursor } from '../../signalling/cursor.ts';
import { newParticipantId, type MailboxId, type ParticipantId, type RoomId } from '../../signalling/ids.ts';
import type { Limits } from '../../signalling/limits.ts';
import type { GoneReason, Mailbox, Participant } from '../../signalling/message.ts';
import type {
  Append,
  Appended,
  Hint,
  Join,
  Joined,
  Page,
  PollPresence,
  ReadRange,
  RoomSummary,
  StoreAdapter,
  StoredToken,
  StoreUsage,
  TokenLookup,
} from '../../signalling/store.ts';
import { SILENT, type Telemetry } from '../../signalling/telemetry.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import { OpenPolls } from '../open-polls.ts';
import { unavailable } from '../refusals.ts';
import { Connection } from './connection.ts';
import { join, knowsJoin } from './join.ts';
import { Membership } from './membership.ts';
import { acknowledge, append, read } from './messages.ts';
import { Presence } from './presence.ts';
import { Departures } from './replies.ts';
import { checkRequirements, requireAll } from './requirements.ts';
import { RoomIndex } from './room-index.ts';
import { RoomScripts } from './room-scripts.ts';
import { closeRoom, listRooms, participants, sweep } from './rooms.ts';
import { SCRIPTS } from './scripts.ts';
import { SharedClock } from './shared-clock.ts';
import { Subscription } from './subscription.ts';
import { TokenCache, Tokens } from './tokens.ts';

export interface RedisStoreOptions {
  /** As `STORE_URL` has it. */
  readonly url: string;
  readonly limits: Limits;
  /** Absent: the system's, kept in step with the other processes. */
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

interface Memory {
  readonly used: number;
  /** Buffers of replicas and of the append-only file. */
  readonly uncounted: number;
  /** 0: unlimited. */
  readonly limit: number;
}

/** From `INFO memory`. */
function memoryOf(info: string): Memory {
  const bytes = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { used: bytes('used_memory'), uncounted: bytes('mem_not_counted_for_evict'), limit: bytes('maxmemory') };
}

/** Computed as Redis does (`getMaxmemoryState` in its evict.c). */
const isAtLimit = ({ used, uncounted, limit }: Memory): boolean => limit > 0 && used - uncounted > limit;

/**
 * Many processes, one Redis or Redis Cluster (7 or newer, or Valkey). Redis has everything, and each operation is one script that runs
 * alone in its room; this process keeps only which polls it holds.
 */
export class RedisStore implements StoreAdapter {
  readonly #connection: Connection;
  readonly #membership: Membership;
  readonly #clock: SharedClock;
  readonly #limits: Limits;
  readonly #index: RoomIndex;
  readonly #rooms: RoomScripts;
  readonly #tokens: Tokens;
  readonly #presence: Presence;
  readonly #polls: OpenPolls;
  #subscription: Subscription | undefined;
  readonly #watchers: ((hint: Hint) => void)[] = [];

  /** @throws StoreError */
  static async open({ url, limits, clock, telemetry = SILENT }: RedisStoreOptions): Promise<RedisStore> {
    const connection = await Connection.open(url);
    try {
      await requireAll(connection);
      const process = newParticipantId();
      const index = new RoomIndex(connection);
      const isShared = clock !== undefined;
      const shared = new SharedClock({ connection, process, clock: clock ?? systemClock(), isShared });
      const membership = await Membership.join({ connection, index, clock: shared, process });
      const tokenCache = new TokenCache();
      const store = new RedisStore({ connection, index, tokenCache, membership, clock: shared, limits, telemetry });
      await store.#listen();
      return store;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(parts: {
    readonly connection: Connection;
    readonly index: RoomIndex;
    readonly tokenCache: TokenCache;
    readonly membership: Membership;
    readonly clock: SharedClock;
    readonly limits: Limits;
    readonly telemetry: Telemetry;
  }) {
    const { connection, membership, clock } = parts;
    this.#connection = connection;
    this.#membership = membership;
    this.#clock = clock;
    this.#limits = parts.limits;
    this.#index = parts.index;
    const onHint = (hint: Hint): void => this.#watchers.forEach((watcher) => watcher(hint));
    this.#rooms = new RoomScripts({ ...parts, onHint });
    this.#tokens = new Tokens(this.#rooms, connection, parts.tokenCache);
    this.#presence = new Presence(this.#rooms, clock, onHint);
    this.#polls = new OpenPolls(this.#presence);
    connection.onBack(() => void this.#comeBack());
    membership.onNewEpoch(() => this.#presence.renew());
    membership.onHeartbeat(() => this.#subscription?.expectText());
  }

  /** The epoch may have ended meanwhile: presence recorded in it would not count. */
  async #comeBack(): Promise<void> {
    await this.#membership.sendHeartbeat().catch(() => undefined);
    this.#presence.renew();
  }

  async #listen(): Promise<void> {
    const { location } = this.#connection;
    this.#subscription = await Subscription.open({
      location,
      hosts: () => this.#connection.hosts,
      channels: {
        [`${location.prefix}:wake:${this.#membership.process}`]: (text) => this.#presence.hear(text),
        [`${location.prefix}:forget`]: (text) => this.#rooms.forgetTokens(text as RoomId),
        [`${location.prefix}:departed`]: (text) => this.#rooms.departed(text as MailboxId),
      },
      onMissed: () => this.#presence.renew(),
    });
  }

  join(request: Join): Promise<Joined> {
    this.#index.expectChange(request.roomId, this.#clock.nowMs());
    this.#tokens.note(request.token.handle, request.roomId);
    return join(this.#rooms, this.#limits, request);
  }

  knowsJoin(roomId: RoomId, scope: string): Promise<boolean> {
    return knowsJoin(this.#rooms, roomId, scope);
  }

  findToken(handle: TokenHandle, lookup: TokenLookup = {}): Promise<StoredToken | undefined> {
    return this.#tokens.find(handle, lookup);
  }

  claimToken(handle: TokenHandle, roomHint?: RoomId): Promise<StoredToken | undefined> {
    return this.#tokens.claim(handle, roomHint);
  }

  participants(roomId: RoomId): Promise<readonly Participant[]> {
    return participants(this.#rooms, roomId);
  }

  listRooms(after: RoomId | undefined, limit: number): Promise<readonly RoomSummary[]> {
    return listRooms(this.#rooms, this.#index, after, limit);
  }

  append(request: Append): Promise<Appended> {
    return append(this.#rooms, this.#limits, request);
  }

  read(mailbox: Mailbox, range: ReadRange): Promise<Page> {
    return read(this.#rooms, this.#presence, mailbox, range);
  }

  acknowledge(mailbox: Mailbox, cursor: Cursor): Promise<void> {
    return acknowledge(this.#rooms, mailbox, cursor);
  }

  /** It goes out before whatever this process asks for next; what it would be refused for, the next cursor is refused for, too. */
  acknowledgeWriteBehind(mailbox: Mailbox, cursor: Cursor): void {
    if (this.#presence.isAcknowledged(mailbox, cursor.position)) return;
    acknowledge(this.#rooms, mailbox, cursor).catch(() => undefined);
  }

  async depart(roomId: RoomId, participantId: ParticipantId, reason: GoneReason, mailboxId?: MailboxId): Promise<void> {
    const { result } = await this.#rooms.run(SCRIPTS.depart, roomId, [participantId, reason, mailboxId ?? '']);
    const [departures] = Departures.parse(result);
    this.#rooms.tell(roomId, departures);
  }

  closeRoom(roomId: RoomId): Promise<void> {
    return closeRoom(this.#rooms, roomId);
  }

  touch(mailbox: Mailbox): void {
    this.#presence.touch(mailbox);
  }

  openPoll(mailbox: Mailbox): PollPresence {
    return this.#polls.open(mailbox);
  }

  /** Sweeps all reachable nodes before it reports an outage. */
  async sweep(): Promise<boolean> {
    const more = await sweep(this.#rooms, this.#index, this.#membership, this.#clock);
    this.#connection.outages.report();
    if (this.#subscription?.isOpen === false) throw unavailable(new Error('there is no subscription to wake-ups'));
    return more;
  }

  watch(watcher: (hint: Hint) => void): void {
    this.#watchers.push(watcher);
  }

  checkRetention(): Promise<void> {
    return checkRequirements(this.#connection);
  }

  /** Bytes of all that the Redis holds, other services' included. */
  async usage(): Promise<StoreUsage> {
    const [counts, infos] = await Promise.all([this.#index.count(), this.#connection.info('memory')]);
    const memory = infos.map(({ text }) => memoryOf(text));
    const sum = (name: keyof Memory): number => memory.reduce((bytes, node) => bytes + node[name], 0);
    const liveBytes = sum('used');
    const limitBytes = sum('limit') || Infinity;
    return { ...counts, liveBytes, limitBytes, isFull: memory.some(isAtLimit), fileBytes: liveBytes };
  }

  /** Resolves once nothing is under way, and every text that was published for this process is heard. */
  async settled(): Promise<void> {
    await this.#connection.settled();
    await this.#subscription?.ping().catch(() => undefined);
    await this.#connection.settled();
  }

  async close(): Promise<void> {
    await this.#connection.settled();
    await this.#membership.leave();
    this.disconnect();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Without a goodbye: whatever is under way is refused, and the other processes take this one for dead. */
  disconnect(): void {
    this.#membership.stop();
    this.#subscription?.close();
    this.#connection.close();
  }
}
