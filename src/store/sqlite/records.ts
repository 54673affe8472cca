import type { JsonText, MailboxId, ParticipantId, RoomId } from '../../signalling/ids.ts';
import { LISTENING_GRACE_MS, RECONNECT_GRACE_MS } from '../../signalling/limits.ts';
import type { GoneReason, Mailbox, Participant } from '../../signalling/message.ts';
import type { PollOutcome } from '../../signalling/store.ts';
import type { TokenDigest, TokenHandle } from '../../signalling/tokens.ts';
import type { StoredMailbox } from './mailbox.ts';
import type { ParticipantRow } from './rows.ts';

export interface RoomRecord {
  readonly row: number;
  readonly roomId: RoomId;
  readonly participants: Map<ParticipantId, ParticipantRecord>;
}

/** A participant in memory: its row, so that a request needs no query, and its presence. The rows are authoritative. */
export class ParticipantRecord {
  readonly row: number;
  readonly room: RoomRecord;
  readonly participantId: ParticipantId;
  readonly mailboxId: MailboxId;
  /** Changed by its own methods only. */
  readonly mailbox: Readonly<StoredMailbox>;
  readonly joinedAtMs: number;
  displayName: string | undefined;
  metadata: JsonText | undefined;
  idleTimeoutMs: number;
  tokens: TokenRecord[] = [];
  /** Whether the store may still keep an idempotency key of a join for the participant. */
  hasJoinKey: boolean;

  // In memory only, all in steady ms: a restart refills every budget and restarts every idle time.
  /** When the whole send budget is available again. */
  budgetFullAtMs = 0;
  seenAtMs: number;
  heldUntilMs = 0;
  /** The participant counts as listening until then, even without a held poll. */
  listensUntilMs = 0;

  constructor(row: ParticipantRow, room: RoomRecord, mailbox: StoredMailbox, nowMs: number) {
    this.row = row.row;
    this.room = room;
    this.participantId = row.participantId;
    this.mailboxId = row.mailboxId;
    this.mailbox = mailbox;
    this.joinedAtMs = row.joinedAtMs;
    this.displayName = row.displayName ?? undefined;
    this.metadata = row.metadata ?? undefined;
    this.idleTimeoutMs = row.idleTimeoutMs;
    this.hasJoinKey = row.hasJoinKey === 1;
    this.seenAtMs = nowMs;
  }

  /** Carries over the state that a roll-back does not undo. */
  keepPresenceOf(before: ParticipantRecord): void {
    this.budgetFullAtMs = before.budgetFullAtMs;
    this.seenAtMs = before.seenAtMs;
    this.heldUntilMs = before.heldUntilMs;
    this.listensUntilMs = before.listensUntilMs;
  }

  get address(): Mailbox {
    return { roomId: this.room.roomId, participantId: this.participantId, mailboxId: this.mailboxId };
  }

  holdPoll(untilMs: number): void {
    this.heldUntilMs = untilMs;
  }

  endPoll(outcome: PollOutcome, nowMs: number): void {
    const wasHeld = this.heldUntilMs > 0;
    this.heldUntilMs = 0;
    this.seenAtMs = nowMs;
    if (outcome === 'answered') this.listensUntilMs = nowMs + LISTENING_GRACE_MS;
    else if (outcome === 'cut' && wasHeld) this.listensUntilMs = nowMs + RECONNECT_GRACE_MS;
  }

  isListening(nowMs: number): boolean {
    return Math.max(this.heldUntilMs, this.listensUntilMs) > nowMs;
  }

  /** When the idle time ends according to the current presence (steady ms). */
  get idleFromMs(): number {
    return Math.max(this.seenAtMs, this.heldUntilMs) + this.idleTimeoutMs;
  }

  asParticipant(nowMs: number): Participant {
    return {
      participantId: this.participantId,
      ...(this.displayName === undefined ? {} : { displayName: this.displayName }),
      ...(this.metadata === undefined ? {} : { metadata: this.metadata }),
      joinedAtMs: this.joinedAtMs,
      listening: this.isListening(nowMs),
    };
  }
}

export type TokenRecord = {
  readonly row: number;
  readonly handle: TokenHandle;
  readonly digest: TokenDigest;
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
} & (
  | { state: 'fresh' | 'used' | 'replaced'; readonly participant: ParticipantRecord }
  | {
      readonly state: 'gone';
      readonly reason: GoneReason;
      readonly forgetAtMs: number;
      /** Undefined after a restart. */
      readonly mailboxId: MailboxId | undefined;
    }
);
