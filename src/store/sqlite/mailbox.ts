import type { MailboxId } from '../../signalling/ids.ts';
import { MAX_TOMBSTONES, PARTICIPANT_BYTES } from '../../signalling/limits.ts';
import { RecentMessages } from './recent-messages.ts';
import type { CountedMessage, MailboxCounts, StoredMessage } from './rows.ts';
import type { Statements } from './statements.ts';

export const EMPTY_MAILBOX: MailboxCounts = {
  acknowledged: 0,
  head: null,
  messages: 0,
  messageBytes: 0,
  events: 0,
  eventBytes: 0,
  tombstones: 0,
  expiresFromMs: null,
};

/** Sums over all mailboxes. Only `StoredMailbox` changes them. */
export class StoreTotals {
  /** Bytes of messages, room events, kept outcomes and participants. */
  liveBytes = 0;
  /** Bytes in the recent-message caches. */
  cachedBytes = 0;
  /** Lower bound of the earliest expiry of a pending message (steady ms). The sweep raises it. */
  expiresFromMs = Infinity;
}

/**
 * The rows of one mailbox with their state in memory: counters, so that no request queries them, and the
 * recent-message cache. A method changes rows and memory together, inside a transaction; after a roll-back the mailbox
 * is replaced by one that is rebuilt from its rows (`MemoryIndex.rolledBack`). Only `acknowledgeInMemory` runs ahead of
 * the rows, until `writeAcknowledged`.
 */
export class StoredMailbox {
  /** `participants.id` */
  readonly row: number;
  readonly mailboxId: MailboxId;
  /** Position up to which everything is acknowledged. */
  acknowledged: number;
  /** Position of the last message or tombstone; `acknowledged` when there is none. */
  head: number;
  /** Pending messages, which count against the limits. */
  messages: number;
  messageBytes: number;
  /** Pending room events, which do not count against the limits. */
  events: number;
  eventBytes: number;
  tombstones: number;
  /** Bytes of outcomes that are kept for retried sends. */
  keptBytes = 0;
  /** Lower bound of the earliest expiry of a pending message (steady ms). */
  expiresFromMs: number;
  /** The acknowledged position in the row. */
  #writtenAcknowledged: number;
  readonly #recent: RecentMessages;
  readonly #statements: Statements;
  readonly #totals: StoreTotals;

  constructor(
    store: { readonly statements: Statements; readonly totals: StoreTotals },
    counts: MailboxCounts & { readonly row: number; readonly mailboxId: MailboxId },
  ) {
    this.row = counts.row;
    this.mailboxId = counts.mailboxId;
    this.acknowledged = counts.acknowledged;
    this.head = Math.max(counts.acknowledged, counts.head ?? 0);
    this.messages = counts.messages;
    this.messageBytes = counts.messageBytes;
    this.events = counts.events;
    this.eventBytes = counts.eventBytes;
    this.tombstones = counts.tombstones;
    this.expiresFromMs = counts.expiresFromMs ?? Infinity;
    this.#writtenAcknowledged = counts.acknowledged;
    this.#recent = new RecentMessages(this.head, store.totals);
    this.#statements = store.statements;
    this.#totals = store.totals;
    this.#totals.liveBytes += PARTICIPANT_BYTES + this.messageBytes + this.eventBytes;
    this.#totals.expiresFromMs = Math.min(this.#totals.expiresFromMs, this.expiresFromMs);
  }

  nextPosition(nowMs: number): number {
    return Math.max(this.head + 1, Math.floor(nowMs * 1_000));
  }

  add(message: StoredMessage): void {
    this.#statements.insertMessage(this.row, message);
    this.head = message.position;
    this.#count(message, 1);
    this.#recent.add(message);
    if (message.expiresAtMs === null) return;
    this.expiresFromMs = Math.min(this.expiresFromMs, message.expiresAtMs);
    this.#totals.expiresFromMs = Math.min(this.#totals.expiresFromMs, message.expiresAtMs);
  }

  /** Everything after `position`, at most `limit`, in order. */
  after(position: number, limit: number): Iterable<StoredMessage> {
    if (this.#recent.hasAllAfter(position)) return this.#recent.after(position, limit);
    return this.#statements.messagesAfter.iterate(this.row, position, limit);
  }

  /** Replaces an expired message or a dropped room event; it stays countable until it is acknowledged. */
  becomeTombstone(message: Omit<CountedMessage, 'expired'> & { readonly rowid: number }): void {
    this.#statements.makeTombstone.run(message.rowid);
    this.#count({ ...message, expired: 0 }, -1);
    this.tombstones += 1;
    this.#recent.restart(this.head);
    if (this.tombstones > MAX_TOMBSTONES) this.#compactTombstones();
  }

  /**
   * Bounds the rows of an unread mailbox: merges each run of adjacent tombstones into one row at the end of the run. A
   * read from a cursor inside such a run counts the whole run as expired: too many rather than too few.
   */
  #compactTombstones(): void {
    let carried = 0;
    let previous: number | undefined;
    for (const { rowid, expired } of this.#statements.expiredAfter.all(this.row, this.acknowledged)) {
      const isTombstone = expired > 0;
      if (isTombstone && previous !== undefined) {
        this.#statements.deleteMessage.run(previous);
        this.tombstones -= 1;
      }
      carried = isTombstone ? carried + expired : 0;
      if (carried > expired) this.#statements.setExpired.run(carried, rowid);
      previous = isTombstone ? rowid : undefined;
    }
  }

  dropOldestEvent(): void {
    const oldest = this.#statements.oldestEvent.get(this.row, this.acknowledged);
    if (oldest !== undefined) this.becomeTombstone({ ...oldest, senderRow: null });
  }

  /** @param position ahead of `acknowledged`, and at most `head` */
  acknowledge(position: number): void {
    if (!this.acknowledgeInMemory(position)) {
      for (const message of this.#statements.removeUpTo.all(this.row, position)) {
        if (message.position > this.acknowledged) this.#count(message, -1);
      }
      this.#advance(position);
    }
    this.writeAcknowledged();
  }

  /**
   * Leaves the rows to `writeAcknowledged`. @returns false, with nothing changed, when the cache lacks a message to
   * count
   */
  acknowledgeInMemory(position: number): boolean {
    if (position === this.head) this.#countNothing();
    else if (!this.#recent.hasAllAfter(this.acknowledged)) return false;
    else for (const message of this.#recent.upTo(position)) this.#count(message, -1);
    this.#advance(position);
    return true;
  }

  #advance(position: number): void {
    this.acknowledged = position;
    this.#recent.dropUpTo(position);
  }

  /** Acknowledged messages have rows until the acknowledgement is written. */
  get #hasRows(): boolean {
    return this.head > this.#writtenAcknowledged;
  }

  get hasUnwrittenAcknowledgement(): boolean {
    return this.#writtenAcknowledged !== this.acknowledged;
  }

  writeAcknowledged(): void {
    if (!this.hasUnwrittenAcknowledgement) return;
    this.#statements.deleteUpTo.run(this.row, this.acknowledged);
    this.#statements.setAcknowledged.run(this.acknowledged, this.row);
    this.#writtenAcknowledged = this.acknowledged;
  }

  /** Counts an outcome that is kept for a retried send. Its row and entry are the caller's. */
  countOutcome(bytes: number): void {
    this.keptBytes += bytes;
    this.#totals.liveBytes += bytes;
  }

  /** Call only `discard` afterwards. */
  deleteRows(): void {
    if (this.#hasRows) this.#statements.deleteMailbox.run(this.row);
  }

  /** Removes the mailbox from the totals, in memory only. Call no method afterwards. */
  discard(): void {
    this.#countNothing();
    this.countOutcome(-this.keptBytes);
    this.#totals.liveBytes -= PARTICIPANT_BYTES;
    this.#recent.restart(this.head);
  }

  #count({ senderRow, bytes, expired }: CountedMessage, sign: 1 | -1): void {
    if (expired > 0) {
      this.tombstones += sign;
      return;
    }
    this.#totals.liveBytes += sign * bytes;
    if (senderRow === null) {
      this.events += sign;
      this.eventBytes += sign * bytes;
    } else {
      this.messages += sign;
      this.messageBytes += sign * bytes;
    }
  }

  #countNothing(): void {
    this.#totals.liveBytes -= this.messageBytes + this.eventBytes;
    this.messages = 0;
    this.messageBytes = 0;
    this.events = 0;
    this.eventBytes = 0;
    this.tombstones = 0;
    this.expiresFromMs = Infinity;
  }
}
