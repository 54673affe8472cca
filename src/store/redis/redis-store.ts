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
  Store,
  StoredToken,
  StoreUsage,
  TokenLookup,
} from '../../signalling/store.ts';
import { SILENT, type Telemetry } from '../../signalling/telemetry.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import { OpenPolls } from '../open-polls.ts';
import { storeUnavailable } from '../../signalling/errors.ts';
import { Connection } from './connection.ts';
import { join, knowsJoin } from './join.ts';
import { Membership } from './membership.ts';
import { memoryUsage } from './memory.ts';
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
import { TokenCache } from './token-cache.ts';
import { Tokens } from './tokens.ts';

export interface RedisStoreOptions {
  /** `STORE_URL`. */
  readonly url: string;
  readonly limits: Limits;
  /** Default: the system clock, synchronized with the other processes. */
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

/** The parts of a store. Tests observe them, and stop them as a crash would. */
export interface RedisParts {
  readonly connection: Connection;
  readonly subscription: Subscription;
  readonly membership: Membership;
  readonly clock: SharedClock;
  readonly index: RoomIndex;
  readonly rooms: RoomScripts;
  readonly tokens: Tokens;
  readonly presence: Presence;
  readonly polls: OpenPolls;
  readonly limits: Limits;
  readonly watchers: ((hint: Hint) => void)[];
}

/** @throws StoreError */
async function openParts(connection: Connection, options: RedisStoreOptions): Promise<RedisParts> {
  const { limits, clock: ownClock, telemetry = SILENT } = options;
  await requireAll(connection);
  const process = newParticipantId();
  const index = new RoomIndex(connection);
  const isShared = ownClock !== undefined;
  const clock = new SharedClock({ connection, process, clock: ownClock ?? systemClock(), isShared });
  const membership = await Membership.join({ connection, index, clock, process });
  const watchers: ((hint: Hint) => void)[] = [];
  const onHint = (hint: Hint): void => watchers.forEach((watcher) => watcher(hint));
  const tokenCache = new TokenCache();
  const rooms = new RoomScripts({ connection, membership, index, clock, tokenCache, telemetry, onHint });
  const presence = new Presence(rooms, clock, onHint);
  const { location } = connection;
  const subscription = await Subscription.open({
    location,
    hosts: () => connection.hosts,
    channels: {
      [`${location.prefix}:wake:${process}`]: (text) => presence.onPublished(text),
      [`${location.prefix}:forget`]: (text) => rooms.forgetTokens(text as RoomId),
      [`${location.prefix}:departed`]: (text) => rooms.departed(text as MailboxId),
    },
    onMissed: () => presence.renew(),
  });
  membership.onNewEpoch(() => presence.renew());
  membership.onHeartbeat(() => subscription.expectText());
  // The epoch may have ended meanwhile; presence recorded in an ended epoch would not count.
  const onReconnected = (): Promise<void> =>
    membership
      .sendHeartbeat()
      .catch(() => undefined)
      .then(() => presence.renew());
  connection.onReopened(() => void onReconnected());
  const tokens = new Tokens(rooms, connection, tokenCache);
  const polls = new OpenPolls(presence);
  return { connection, subscription, membership, clock, index, rooms, tokens, presence, polls, limits, watchers };
}

/**
 * Many processes on one Redis or Redis Cluster (7 or newer, or Valkey). Redis holds all state, and each operation is
 * one script that runs alone in its room; a process keeps only the polls that it holds.
 */
export class RedisStore implements Store {
  readonly parts: RedisParts;

  private constructor(parts: RedisParts) {
    this.parts = parts;
  }

  /** @throws StoreError */
  static async open(options: RedisStoreOptions): Promise<RedisStore> {
    const connection = await Connection.open(options.url);
    try {
      return new RedisStore(await openParts(connection, options));
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  join(request: Join): Promise<Joined> {
    this.parts.index.expectChange(request.roomId, this.parts.clock.nowMs());
    this.parts.tokens.note(request.token.handle, request.roomId);
    return join(this.parts.rooms, this.parts.limits, request);
  }

  knowsJoin(roomId: RoomId, scope: string): Promise<boolean> {
    return knowsJoin(this.parts.rooms, roomId, scope);
  }

  findToken(handle: TokenHandle, lookup: TokenLookup = {}): Promise<StoredToken | undefined> {
    return this.parts.tokens.find(handle, lookup);
  }

  claimToken(handle: TokenHandle, roomHint?: RoomId): Promise<StoredToken | undefined> {
    return this.parts.tokens.claim(handle, roomHint);
  }

  participants(roomId: RoomId): Promise<readonly Participant[]> {
    return participants(this.parts.rooms, roomId);
  }

  listRooms(after: RoomId | undefined, limit: number): Promise<readonly RoomSummary[]> {
    return listRooms(this.parts.rooms, this.parts.index, after, limit);
  }

  append(request: Append): Promise<Appended> {
    return append(this.parts.rooms, this.parts.limits, request);
  }

  read(mailbox: Mailbox, range: ReadRange): Promise<Page> {
    return read(this.parts.rooms, this.parts.presence, mailbox, range);
  }

  acknowledge(mailbox: Mailbox, cursor: Cursor): Promise<void> {
    return acknowledge(this.parts.rooms, mailbox, cursor);
  }

  /** Sent before any later request of this process. Ignores refusals, since the next cursor would be refused, too. */
  acknowledgeWriteBehind(mailbox: Mailbox, cursor: Cursor): void {
    if (this.parts.presence.isAcknowledged(mailbox, cursor.position)) return;
    acknowledge(this.parts.rooms, mailbox, cursor).catch(() => undefined);
  }

  async depart(roomId: RoomId, participantId: ParticipantId, reason: GoneReason, mailboxId?: MailboxId): Promise<void> {
    const { result } = await this.parts.rooms.run(SCRIPTS.depart, roomId, [participantId, reason, mailboxId ?? '']);
    const [departures] = Departures.parse(result);
    this.parts.rooms.reportRemovals(roomId, departures);
  }

  closeRoom(roomId: RoomId): Promise<void> {
    return closeRoom(this.parts.rooms, roomId);
  }

  touch(mailbox: Mailbox): void {
    this.parts.presence.touch(mailbox);
  }

  openPoll(mailbox: Mailbox): PollPresence {
    return this.parts.polls.open(mailbox);
  }

  /** Sweeps all reachable nodes before reporting an outage. */
  async sweep(): Promise<boolean> {
    const more = await sweep(this.parts.rooms, this.parts.index, this.parts.membership, this.parts.clock);
    this.parts.connection.outages.report();
    if (!this.parts.subscription.isOpen) throw storeUnavailable(new Error('there is no subscription to wake-ups'));
    return more;
  }

  watch(watcher: (hint: Hint) => void): void {
    this.parts.watchers.push(watcher);
  }

  checkRetention(): Promise<void> {
    return checkRequirements(this.parts.connection);
  }

  async usage(): Promise<StoreUsage> {
    const { index, connection } = this.parts;
    const [counts, memory] = await Promise.all([index.count(), memoryUsage(connection)]);
    return { ...counts, ...memory };
  }

  async close(): Promise<void> {
    const { connection, membership, subscription } = this.parts;
    await connection.drain();
    await membership.leave();
    subscription.close();
    connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
