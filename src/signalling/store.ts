import type { Cursor } from './cursor.ts';
import type { JsonText, MailboxId, ParticipantId, RoomId } from './ids.ts';
import type { GoneReason, Mailbox, OutgoingMessage, Participant, Receipt, ReceivedMessage } from './message.ts';
import type { RateLimit } from './rate-limit.ts';
import type { TokenDigest, TokenHandle } from './tokens.ts';

/**
 * THE PORT. What a store of rooms, participants and mailboxes guarantees. The rules need nothing else, and the suite in
 * `test/store-contract` proves it for every adapter.
 *
 * - **Durable**: what an operation changed is committed before its promise resolves. A rejected operation changed nothing.
 * - **Atomic per room**: every operation sees and makes one consistent state of its room; the room events that it causes
 *   are part of it and never make it fail.
 * - **Ordered**: a mailbox has one order, that of commits. Positions only grow, also across a roll-back of the store to an
 *   older copy: `max(last + 1, now in microseconds)`.
 * - **Non-destructive**: only `acknowledge`, the end of a lifetime and the end of its mailbox remove a message.
 * - **Hints after commits**: watchers receive a hint for every change that a held poll may be waiting for, made by any
 *   process. A hint may be lost or doubled; it never precedes its commit.
 * - **Refusals** are `SignallingError`s; a store that cannot commit now rejects with `storage-unavailable`.
 *
 * An adapter implements four interfaces: `SignallingStore` for the rules, `PollPresence` for one poll, `RoomDirectory` for
 * administration, and `StoreMaintenance` for background work and operators.
 */
export interface StoreAdapter extends SignallingStore, RoomDirectory, StoreMaintenance {}

export interface SignallingStore {
  /**
   * The first row that applies decides. A key is known for 600 s, while the participant that it created is present.
   *
   * | idempotency key              | participant | proof                        | resume | outcome                          |
   * |------------------------------|-------------|------------------------------|--------|----------------------------------|
   * | known, another fingerprint   |             |                              |        | `idempotency-key-reused`         |
   * | known, the same fingerprint  |             |                              |        | again: a new token for it        |
   * | none, or unknown             | absent      | token with `mustBePresent`   |        | `participant-gone`               |
   * | none, or unknown             | absent      | any other                    |        | enter, or `room-full`, or a full store |
   * | none, or unknown             | present     | none, or a token of another  |        | `participant-exists`             |
   * | none, or unknown             | present     | trusted, or a token of its own | true | resume: keeps the mailbox        |
   * | none, or unknown             | present     | trusted, or a token of its own | false | restart: a new mailbox, no quota applies |
   *
   * `again` changes only the token and the idle time. `enter` sends `participant-joined` to the others. `resume` replaces
   * the tokens, ends held polls as `replaced` and sends nothing. `restart` does the same, drops what was pending, and sends
   * `participant-left` (`replaced`) and `participant-joined`; the rate limit of the participant stays charged.
   *
   * Of the unused tokens of a participant it keeps the newest `MAX_UNUSED_TOKENS` minted under one idempotency key, the
   * same number that takeovers replaced, and the token used last.
   * @throws SignallingError `participant-exists`, `participant-gone` (by `mustBePresent`), `room-full`,
   * `idempotency-key-reused`, `storage-unavailable`
   */
  join(join: Join): Promise<Joined>;

  /** Whether a join under this idempotency scope would be a replay, or be refused because its body is another. */
  knowsJoin(roomId: RoomId, scope: string): Promise<boolean>;

  findToken(handle: TokenHandle, lookup?: TokenLookup): Promise<StoredToken | undefined>;

  /**
   * The first use of a fresh token: every other token of its participant stops proving anything, and the idempotency key
   * that it was minted under is forgotten. Does nothing for a token that is not fresh.
   * @returns what the token is now: another one of its participant may have been first, or a takeover
   */
  claimToken(handle: TokenHandle, roomHint?: RoomId): Promise<StoredToken | undefined>;

  /** The present participants, in the order of joining; empty for an unknown room. */
  participants(roomId: RoomId): Promise<readonly Participant[]>;

  /**
   * Stores all messages of the batch, or none. A message to everyone goes to the participants present at the commit and
   * skips full mailboxes; it is refused only when all are full.
   *
   * Checked in this order: idempotency key, rate, recipients, quotas. A replay is neither charged nor refused. What was
   * charged stays charged when the batch is refused later. The rate limit belongs to the participant, whichever process
   * it sends through, and survives its joining anew under its name; a restart of the store may reset it.
   * @throws SignallingError `participant-gone` (the sender), `rate-limited`, `recipient-not-found`, `mailbox-full`,
   * `idempotency-key-reused`, `storage-unavailable`
   */
  append(append: Append): Promise<Appended>;

  /**
   * The pending messages after `range.after`, or after the acknowledged position; removes nothing. Messages past their
   * lifetime, and dropped ones, are counted in `expired` and stay countable until acknowledged.
   * @throws SignallingError `participant-gone`, `cursor-expired`
   */
  read(mailbox: Mailbox, range: ReadRange): Promise<Page>;

  /**
   * Removes everything up to and including the cursor. Does nothing at or before the acknowledged position.
   * @throws SignallingError `participant-gone`, `cursor-expired` (another incarnation, or ahead of the head), `storage-unavailable`
   */
  acknowledge(mailbox: Mailbox, cursor: Cursor): Promise<void>;

  /**
   * `acknowledge` for the cursor of a poll, without a promise: it takes effect before the next write at the latest, and is
   * committed a moment later, together with others. A crash may lose it; then the next cursor brings it again. Does nothing
   * where `acknowledge` would refuse.
   */
  acknowledgeWriteBehind(mailbox: Mailbox, cursor: Cursor): void;

  /**
   * Ends a participant: its mailbox goes, its tokens are remembered as gone for 600 s, the others get `participant-left`.
   * With `mailboxId` only that incarnation. Does nothing for an absent participant.
   */
  depart(roomId: RoomId, participantId: ParticipantId, reason: GoneReason, mailboxId?: MailboxId): Promise<void>;

  /** Ends every participant of the room as `removed`, in one commit. Does nothing for an unknown room. */
  closeRoom(roomId: RoomId): Promise<void>;

  /** Presence: a request of the participant ended just now. */
  touch(mailbox: Mailbox): void;

  /** Presence: a poll of the mailbox begins on this process. Its `end` must be called. */
  openPoll(mailbox: Mailbox): PollPresence;

  watch(watcher: (hint: Hint) => void): void;
}

/**
 * The presence of one poll. Its methods return at once; a failure costs presence information only.
 *
 * While other polls of the mailbox are open on this process, `end` changes nothing: the last one to end counts. Polls that
 * were opened before one that is held, or that superseded them, no longer count as open.
 */
export interface PollPresence {
  /**
   * The poll is held from now on, for at most `forMs`: the participant listens and does not expire. Older polls of the
   * mailbox are superseded; those of other processes get a `superseded` hint. Watchers receive a hint for messages after
   * `position` that arrived before the hold took effect.
   */
  hold(forMs: number, position?: number): void;

  /** The same without a hold, for a poll that is answered at once. */
  supersedeOthers(): void;

  end(outcome: PollOutcome): void;
}

/** The rooms, for administration. The service's own rooms are left out. */
export interface RoomDirectory {
  /** Rooms after `after`, at most `limit`, in the order of their ids' bytes. */
  listRooms(after: RoomId | undefined, limit: number): Promise<readonly RoomSummary[]>;
}

/** Background work, and what operators ask for. */
export interface StoreMaintenance extends AsyncDisposable {
  /**
   * One slice of the work that time makes due: participants past their idle timeout depart, messages past their lifetime
   * become `message-expired` events in their senders' mailboxes, old tokens and idempotency keys are forgotten. Short
   * enough not to delay requests.
   * @returns whether more is due now
   * @throws SignallingError `storage-unavailable` when the store, or a part of it, was unavailable since the last slice
   */
  sweep(): Promise<boolean>;

  /** Current counts, without the service's own rooms. */
  usage(): Promise<StoreUsage>;

  /** @throws SignallingError `storage-unavailable` when the configuration of the store lets it drop data early */
  checkRetention(): Promise<void>;

  /** Waits for commits under way. No operation may follow. Disposing of the store does the same. */
  close(): Promise<void>;
}

/**
 * What the end of a poll says about its participant:
 * - `answered`: it was answered with 200. The participant counts as listening for `LISTENING_GRACE_MS`.
 * - `cut`: its connection closed while it was held. The participant counts as listening for `RECONNECT_GRACE_MS` only.
 * - `other`: it was refused or superseded, or its connection closed before it was held. Listening does not change.
 */
export type PollOutcome = 'answered' | 'cut' | 'other';

export type Hint =
  | { readonly kind: 'messages'; readonly mailboxId: MailboxId }
  | { readonly kind: 'gone'; readonly mailboxId: MailboxId; readonly reason: GoneReason }
  /** A newer poll of another process took over; those that this process began to hold later are not meant. */
  | { readonly kind: 'superseded'; readonly mailboxId: MailboxId }
  /** A mailbox has ended, for whatever reason and on whatever process; its polls need not be held any longer. */
  | { readonly kind: 'departed'; readonly mailboxId: MailboxId };

/** How a token is looked up. */
export interface TokenLookup {
  /** The room to look in first. The token is found without it, too. */
  readonly roomHint?: RoomId | undefined;
  /** A stale answer is acceptable, because the next store call checks the token again. */
  readonly allowCached?: boolean;
}

/**
 * - `fresh`: minted, not yet used. `used`: the participant's token.
 * - `replaced`: proves identity on a join, and nothing else.
 * - `gone`: its participant is no longer there.
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
  /** `resume` keeps the mailbox of a participant who is there; otherwise it starts anew. */
  readonly resume: boolean;
  /**
   * How the caller proves to be a participant who is already there. A token is judged again at the commit; with `mustBePresent` it
   * lets nobody in anew whom somebody else removed meanwhile.
   */
  readonly proof:
    | { readonly kind: 'none' }
    | { readonly kind: 'token'; readonly handle: TokenHandle; readonly mustBePresent?: true }
    | { readonly kind: 'trusted' };
  /** Absent fields stay as they are on a resume. */
  readonly profile: { readonly displayName?: string; readonly metadata?: JsonText; readonly idleTimeoutMs?: number };
  readonly defaultIdleTimeoutMs: number;
  readonly token: { readonly handle: TokenHandle; readonly digest: TokenDigest };
  /** For a mailbox that starts anew. */
  readonly mailboxId: MailboxId;
  readonly idempotency?: { readonly scope: string; readonly fingerprint: string };
}

export interface Joined {
  readonly mailbox: Mailbox;
  readonly acknowledged: number;
  readonly idleTimeoutMs: number;
  readonly resumed: boolean;
  /** The idempotency key was known: this is the first join's outcome with a further token. */
  readonly replayed: boolean;
  readonly participants: readonly Participant[];
}

export interface RoomSummary {
  readonly roomId: RoomId;
  /** How many. */
  readonly participants: number;
  readonly createdAtMs: number;
}

export interface Append {
  readonly sender: Mailbox;
  readonly messages: readonly OutgoingMessage[];
  /** Charged to the sender, one for each message; absent: free. */
  readonly rate?: RateLimit;
  /** `scope` names the operation and the key; the store adds the sender's mailbox. */
  readonly idempotency?: { readonly scope: string; readonly fingerprint: string };
}

export interface Appended {
  readonly receipts: readonly Receipt[];
  readonly replayed: boolean;
}

export interface StoreUsage {
  readonly rooms: number;
  readonly participants: number;
  /** What `limitBytes` bounds. */
  readonly liveBytes: number;
  /** `Infinity` when nothing is set. */
  readonly limitBytes: number;
  /** The store is at its limit: sends and joins of new participants are refused until something is removed. */
  readonly isFull: boolean;
  /** What the store takes, free space that it keeps included. */
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
  /** Messages in the range that ran out of their lifetime or were dropped. */
  readonly expired: number;
  readonly more: boolean;
}
