import type { Cursor } from './cursor.ts';
import type { JsonText, MailboxId, ParticipantId, RoomId } from './ids.ts';
import type { GoneReason, Mailbox, OutgoingMessage, Participant, Receipt, ReceivedMessage } from './message.ts';
import type { Rate } from './rate.ts';
import type { TokenDigest, TokenHandle } from './tokens.ts';

/**
 * THE PORT. What a place for rooms, participants and mailboxes must guarantee; the rules need nothing else, and the
 * suite in `test/store-contract` proves it for every adapter.
 *
 * - **Durable**: what an operation changed is committed before its promise resolves. A rejected operation changed nothing.
 * - **Atomic per room**: every operation sees and makes one consistent state of its room; the room events that it causes
 *   are part of it and never make it fail.
 * - **Ordered**: a mailbox has one order, that of commits. Positions only grow, also across a roll-back of the store to an
 *   older copy: `max(last + 1, now in microseconds)`.
 * - **Non-destructive**: only `acknowledge`, the end of a lifetime and the end of its mailbox remove a message.
 * - **Hints after commits**: watchers hear of every change that a held poll may be waiting for, of any process. A hint may
 *   be lost or doubled; it may not come before its commit.
 * - **Refusals** are `SignallingError`s; a store that cannot commit now rejects with `storage-unavailable`.
 */
export interface SignallingStore {
  /**
   * Keeps the newest `MAX_UNUSED_TOKENS` of the unused tokens minted under one idempotency key, the same number of the
   * tokens that takeovers replaced, and the token last used. Older ones are forgotten.
   * @throws SignallingError `participant-exists`, `participant-gone` (by `mustBePresent`), `room-full`, `idempotency-key-reused`,
   * `storage-unavailable`
   */
  join(join: Join): Promise<Joined>;

  /** Whether a join under this idempotency scope would be a replay, or be refused because its body is another. */
  knowsJoin(roomId: RoomId, scope: string): Promise<boolean>;

  /**
   * @param likely the room that the request is about: where the token is, if it is what it should be. Found without it, too.
   * @param judgedLater what follows is an operation on the token's mailbox, which is refused if the token is no longer good: then it
   * may come from memory
   */
  findToken(handle: TokenHandle, likely?: RoomId, judgedLater?: boolean): Promise<StoredToken | undefined>;

  /**
   * The first use of a fresh token: every other token of its participant stops proving anything, and the idempotency key
   * that it was minted under is forgotten. Does nothing for a token that is not fresh.
   * @returns what the token is now: another one of its participant may have been first, or a takeover
   */
  claimToken(handle: TokenHandle, likely?: RoomId): Promise<StoredToken | undefined>;

  /** Those present, in the order of joining; empty for a room that is not there. */
  participants(roomId: RoomId): Promise<readonly Participant[]>;

  /** Rooms behind `after`, at most `limit`, in the order of their ids' bytes. The service's own rooms are left out. */
  listRooms(after: RoomId | undefined, limit: number): Promise<readonly RoomSummary[]>;

  /**
   * Stores all messages of the batch, or none. A message to everyone goes to those present at the commit and skips full
   * mailboxes; it is refused only when all are full.
   *
   * Judged in this order: idempotency key, rate, recipients, quotas. A replay is neither charged nor refused. What was charged
   * stays charged when the batch is refused later. The budget is the participant's, whichever process it sends through, and
   * survives its joining anew under its name; a restart of the store may fill it.
   * @throws SignallingError `participant-gone` (the sender), `rate-limited`, `recipient-not-found`, `mailbox-full`,
   * `idempotency-key-reused`, `storage-unavailable`
   */
  append(append: Append): Promise<Appended>;

  /**
   * The pending messages behind `after`, or behind what is acknowledged; removes nothing. Messages that ran out of their
   * lifetime, or were dropped, are counted in `expired` and stay countable until acknowledged.
   * @throws SignallingError `participant-gone`, `cursor-expired`
   */
  read(mailbox: Mailbox, range: ReadRange): Promise<Page>;

  /**
   * Forgets everything up to and including the cursor. Does nothing at or behind what is acknowledged.
   * @throws SignallingError `participant-gone`, `cursor-expired` (another incarnation, or ahead of the head), `storage-unavailable`
   */
  acknowledge(mailbox: Mailbox, cursor: Cursor): Promise<void>;

  /**
   * The same for the cursor of a poll, and nobody waits for it: it takes effect before the next write at the latest, but may be
   * committed a moment later, with others, or be lost in a crash: then the next cursor brings it again. Does nothing where
   * `acknowledge` would refuse.
   */
  acknowledgeSoon(mailbox: Mailbox, cursor: Cursor): void;

  /**
   * Ends a participant: its mailbox goes, its tokens are remembered as gone for 600 s, the others get `participant-left`.
   * With `mailboxId` only that incarnation. Does nothing for one who is not there.
   */
  depart(roomId: RoomId, participantId: ParticipantId, reason: GoneReason, mailboxId?: MailboxId): Promise<void>;

  /** Ends every participant of the room as `removed`, in one commit. Does nothing for a room that is not there. */
  closeRoom(roomId: RoomId): Promise<void>;

  /** Presence: a request of the participant ended just now. */
  touch(mailbox: Mailbox): void;
  /**
   * Presence: a poll is held from now on, for at most `forMs`; the participant listens and does not expire. Older polls that other
   * processes hold are superseded. Watchers hear of messages behind `position` that came while the poll was not held yet.
   */
  holdPoll(mailbox: Mailbox, forMs: number, position?: number): void;
  /** A poll that is answered at once has taken over: those that other processes hold get a `superseded` hint. */
  supersedePolls(mailbox: Mailbox): void;
  /** Presence: the last poll of the mailbox on this process has just ended. */
  endPoll(mailbox: Mailbox, outcome: PollOutcome): void;

  /**
   * One slice of what time asks for: participants past their idle timeout depart, messages past their lifetime become
   * `message-expired` events in their senders' mailboxes, old tokens and idempotency keys are forgotten. Short enough
   * not to hold up the requests of others.
   * @returns whether more is due now
   * @throws SignallingError `storage-unavailable` when the store, or a part of it, was unavailable since the last slice
   */
  sweep(): Promise<boolean>;

  watch(watcher: (hint: Hint) => void): void;

  /** @throws SignallingError `storage-unavailable` when the configuration of the store lets it drop data early */
  checkRetention(): Promise<void>;

  /** How much there is now, the service's own rooms left out. */
  usage(): Promise<StoreUsage>;

  /** Waits for commits under way. No operation may follow. */
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
  | { readonly state: 'fresh' | 'used'; readonly mailboxId: MailboxId; readonly takeover?: number | undefined }
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
  readonly rate?: Rate;
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
  /** Of the last message or gap in the page; the start of the range when there is none. */
  readonly position: number;
  /** Messages in the range that ran out of their lifetime or were dropped. */
  readonly expired: number;
  readonly more: boolean;
}
