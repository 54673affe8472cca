import type { Cursor } from './cursor.ts';
import type { Awaitable } from './deferred.ts';
import type { ScopedIdempotency } from './idempotency.ts';
import type { JsonText, MailboxId, ParticipantId, RoomId } from './ids.ts';
import type { GoneReason, Mailbox, OutgoingMessage, Participant, Receipt, ReceivedMessage } from './message.ts';
import type { RateLimit } from './rate-limit.ts';
import type { TokenDigest, TokenHandle } from './tokens.ts';

/**
 * THE PORT: what a store of rooms, participants and mailboxes guarantees. The rules rely on nothing else, and the suite
 * in `test/store-contract` tests it for every adapter.
 *
 * - **Durable**: an operation is committed before its promise resolves. A refused operation changes
 *   nothing but the sender's rate limit. After `storage-unavailable` from Redis, it may have been committed.
 * - **Atomic per room**: every operation reads and leaves a consistent state of its room. The room events that it
 *   causes are part of it, and never make it fail.
 * - **Ordered**: the messages of a mailbox have the order of their commits. Positions only grow, even after the store
 *   was rolled back to an older copy: `max(last + 1, now in microseconds)`.
 * - **Non-destructive**: a message is removed only by `acknowledge`, at the end of its lifetime, or with its mailbox.
 * - **Hints after commits**: watchers receive a hint for every change that a held poll may be waiting for, by any
 *   process. A hint may be lost or doubled; it never precedes its commit.
 * - **Refusals** are `SignallingError`s; a store that cannot commit at the moment rejects with `storage-unavailable`.
 * - **At once where possible**: what a store has in memory is returned, or thrown, without a promise (`Awaitable`). A
 *   promise is for one consumer (`Deferred`).
 *
 * An adapter implements four interfaces: `SignallingStore` for the rules, `PollPresence` for one poll, `RoomDirectory`
 * for administration, and `StoreMaintenance` for background work and operators.
 */
export interface Store extends SignallingStore, RoomDirectory, StoreMaintenance {}

export interface SignallingStore {
  /**
   * The first row that applies decides. A key is known for 600 s, as long as the participant that it created is
   * present.
   *
   * | idempotency key   | participant | proof                      | resume | outcome                                |
   * | ----------------- | ----------- | -------------------------- | ------ | -------------------------------------- |
   * | known, other body |             |                            |        | `idempotency-key-reused`               |
   * | known, same body  |             |                            |        | again: a new token for it              |
   * | unknown or none   | absent      | token with `mustBePresent` |        | `participant-gone`                     |
   * | unknown or none   | absent      | any other                  |        | enter, `room-full` or store full       |
   * | unknown or none   | present     | none, or another's token   |        | `participant-exists`                   |
   * | unknown or none   | present     | trusted, or its own token  | true   | resume: keeps the mailbox              |
   * | unknown or none   | present     | trusted, or its own token  | false  | restart: new mailbox, no quota applies |
   *
   * `again` changes only the token and the idle time. `enter` sends `participant-joined` to the others. `resume`
   * replaces the tokens, ends held polls as `replaced` and sends nothing. `restart` does the same, drops pending
   * messages, and sends `participant-left` (`replaced`) and `participant-joined`. It does not reset the rate limit of
   * the participant.
   *
   * The store keeps the newest `MAX_UNUSED_TOKENS` unused tokens of a participant that were minted under one
   * idempotency key, the same number of tokens that takeovers replaced, and the token used last.
   * @throws SignallingError `participant-exists`, `participant-gone` (by `mustBePresent`), `room-full`,
   * `idempotency-key-reused`, `storage-unavailable`
   */
  join(join: Join): PromiseLike<Joined>;

  /** Whether a join with this idempotency scope would be a replay, or be refused because of another body. */
  knowsJoin(roomId: RoomId, scope: string): Promise<boolean>;

  findToken(handle: TokenHandle, lookup?: TokenLookup): Awaitable<StoredToken | undefined>;

  /**
   * Records the first use of a fresh token: invalidates all other tokens of the participant, and forgets the
   * idempotency key under which the token was minted. Does nothing for a token that is not fresh.
   * @returns the current state of the token, which another token or a takeover may have replaced
   */
  claimToken(handle: TokenHandle, roomHint?: RoomId): Awaitable<StoredToken | undefined>;

  /** Present participants, in the order of joining. Empty for an unknown room. */
  participants(roomId: RoomId): Promise<readonly Participant[]>;

  /**
   * Stores all messages of the batch, or none. A broadcast goes to the participants present at the commit. It skips
   * full mailboxes, and is refused only if all are full.
   *
   * The order of the checks: idempotency key, rate, recipients, quotas. A replay is neither charged nor refused. A
   * batch that a later check refuses stays charged. The rate limit belongs to the participant id, across processes and
   * across new joins; a restart of the store may reset it.
   * @throws SignallingError `participant-gone` (the sender), `rate-limited`, `recipient-not-found`, `mailbox-full`,
   * `idempotency-key-reused`, `storage-unavailable`
   */
  append(append: Append): PromiseLike<Appended>;

  /**
   * Returns the pending messages after `range.after`, or after the acknowledged position; removes nothing. `expired`
   * counts the expired and dropped messages in the range, until they are acknowledged.
   * @throws SignallingError `participant-gone`, `cursor-expired`
   */
  read(mailbox: Mailbox, range: ReadRange): Awaitable<Page>;

  /**
   * Removes all messages up to and including the cursor. Does nothing at or before the acknowledged position.
   * @throws SignallingError `participant-gone`, `cursor-expired` (another incarnation, or ahead of the head),
   * `storage-unavailable`
   */
  acknowledge(mailbox: Mailbox, cursor: Cursor): PromiseLike<void>;

  /**
   * Acknowledges the cursor of a poll without a promise. It takes effect before the next write, and is committed
   * shortly after, together with others. A crash may lose it; the next cursor repeats it. Does nothing where
   * `acknowledge` would refuse.
   */
  acknowledgeWriteBehind(mailbox: Mailbox, cursor: Cursor): void;

  /**
   * Removes a participant and its mailbox, remembers its tokens as gone for 600 s, and sends `participant-left` to the
   * others. `mailboxId` restricts it to one incarnation. Does nothing for an absent participant.
   */
  depart(roomId: RoomId, participantId: ParticipantId, reason: GoneReason, mailboxId?: MailboxId): PromiseLike<void>;

  /** Removes all participants of the room as `removed`, in one commit. Does nothing for an unknown room. */
  closeRoom(roomId: RoomId): PromiseLike<void>;

  /** Restarts the idle time of the participant. */
  touch(mailbox: Mailbox): void;

  /** Records that a poll of the mailbox begins on this process. The caller must call its `end`. */
  openPoll(mailbox: Mailbox): PollPresence;

  watch(watcher: (hint: Hint) => void): void;
}

/**
 * The presence of one poll. Its methods return at once; a failure loses presence information only.
 *
 * `end` has no effect while other polls of the mailbox are open on this process: the last one to end counts. Polls that
 * were opened before a held or superseding poll no longer count as open.
 */
export interface PollPresence {
  /**
   * Records that the poll is held from now on, for at most `forMs`: the participant listens and does not expire. Older
   * polls of the mailbox are superseded; those of other processes get a `superseded` hint. Watchers receive a hint for
   * messages after `position` that arrived before the hold took effect. A further call renews the hold.
   */
  hold(forMs: number, position?: number): void;

  /** Supersedes older polls without a hold, for a poll that is answered at once. */
  supersedeOthers(): void;

  end(outcome: PollOutcome): void;
}

/** The rooms, for administration. Leaves out the service's own rooms. */
export interface RoomDirectory {
  /** Rooms after `after`, at most `limit`, in the order of their ids' bytes. */
  listRooms(after: RoomId | undefined, limit: number): Promise<readonly RoomSummary[]>;
}

/** Background work, and queries of operators. */
export interface StoreMaintenance extends AsyncDisposable {
  /**
   * Does one slice of the due work, short enough not to delay requests: removes participants past their idle timeout,
   * turns messages past their lifetime into `message-expired` events for their senders, and forgets old tokens and
   * idempotency keys.
   * @returns whether more is due now
   * @throws SignallingError `storage-unavailable` if the store, or a part of it, was unavailable since the last slice
   */
  sweep(): Promise<boolean>;

  /** Current counts, without the service's own rooms. */
  usage(): Promise<StoreUsage>;

  /** @throws SignallingError `storage-unavailable` if the configuration of the store lets it drop data early */
  checkRetention(): Promise<void>;

  /** Waits for commits in progress. No operation may follow. Disposal does the same. */
  close(): Promise<void>;
}

/**
 * How a poll ended, which decides whether its participant counts as listening:
 * - `answered`: it was answered with 200. The participant counts as listening for `LISTENING_GRACE_MS`.
 * - `cut`: its connection closed while it was held. The participant counts as listening for `RECONNECT_GRACE_MS` only.
 * - `other`: it was refused or superseded, or its connection closed before it was held. Listening does not change.
 */
export type PollOutcome = 'answered' | 'cut' | 'other';

export type Hint =
  | { readonly kind: 'messages'; readonly mailboxId: MailboxId }
  | { readonly kind: 'gone'; readonly mailboxId: MailboxId; readonly reason: GoneReason }
  /** Another process holds a newer poll. Does not concern polls that this process began to hold later. */
  | { readonly kind: 'superseded'; readonly mailboxId: MailboxId }
  /** A mailbox was removed, by any process and for any reason. */
  | { readonly kind: 'departed'; readonly mailboxId: MailboxId };

/** How a token is looked up. */
export interface TokenLookup {
  /** The room to search first. The store also finds tokens of other rooms. */
  readonly roomHint?: RoomId | undefined;
  /** A stale answer is acceptable, because the next store call checks the token again. */
  readonly allowCached?: boolean;
}

/**
 * - `fresh`: minted, not yet used. `used`: the participant's token.
 * - `replaced`: proves identity on a join, and nothing else.
 * - `gone`: its participant has departed.
 */
export type StoredToken = {
  readonly digest: TokenDigest;
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
} & (
  | { readonly state: 'fresh' | 'used'; readonly mailboxId: MailboxId; readonly fencingToken?: number | undefined }
  | { readonly state: 'replaced' }
  | { readonly state: 'gone'; readonly reason: GoneReason }
);

export interface Join {
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
  /** True keeps the mailbox of a present participant; false creates a new one. */
  readonly resume: boolean;
  /**
   * How the caller proves to be a present participant. The store checks a token again at the commit. `mustBePresent`
   * refuses a participant that was removed in the meantime, instead of admitting it as a new one.
   */
  readonly proof:
    | { readonly kind: 'none' }
    | { readonly kind: 'token'; readonly handle: TokenHandle; readonly mustBePresent?: true }
    | { readonly kind: 'trusted' };
  /** A resume keeps the values of absent fields. */
  readonly profile: { readonly displayName?: string; readonly metadata?: JsonText; readonly idleTimeoutMs?: number };
  readonly defaultIdleTimeoutMs: number;
  readonly token: { readonly handle: TokenHandle; readonly digest: TokenDigest };
  /** Id of the mailbox, if the join creates one. */
  readonly mailboxId: MailboxId;
  readonly idempotency?: ScopedIdempotency;
}

export interface Joined {
  readonly mailbox: Mailbox;
  readonly acknowledged: number;
  readonly idleTimeoutMs: number;
  readonly resumed: boolean;
  /** The idempotency key was known: this is the outcome of the first join, with a new token. */
  readonly replayed: boolean;
  readonly participants: readonly Participant[];
}

export interface RoomSummary {
  readonly roomId: RoomId;
  /** Number of participants. */
  readonly participants: number;
  readonly createdAtMs: number;
}

export interface Append {
  readonly sender: Mailbox;
  readonly messages: readonly OutgoingMessage[];
  /** Charged to the sender, one unit per message. Absent: not limited. */
  readonly rate?: RateLimit;
  /** `scope` names the operation and the key; the store adds the sender's mailbox. */
  readonly idempotency?: ScopedIdempotency;
}

export interface Appended {
  readonly receipts: readonly Receipt[];
  readonly replayed: boolean;
}

export interface StoreUsage {
  readonly rooms: number;
  readonly participants: number;
  /** The bytes that `limitBytes` limits. */
  readonly liveBytes: number;
  /** `Infinity` without a limit. */
  readonly limitBytes: number;
  /** The store is at its limit: it refuses sends and new participants until data is removed. */
  readonly isFull: boolean;
  /** The space that the store occupies, including free space that it keeps. */
  readonly fileBytes: number;
}

export interface ReadRange {
  readonly after: Cursor | undefined;
  readonly limit: number;
  readonly maxBytes: number;
}

export interface Page {
  readonly messages: readonly ReceivedMessage[];
  /** Position of the last message or tombstone in the page; the start of the range if there is none. */
  readonly position: number;
  /** Number of messages in the range that expired or were dropped. */
  readonly expired: number;
  readonly more: boolean;
}
