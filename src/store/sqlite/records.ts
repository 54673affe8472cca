import type { JsonText, MailboxId, ParticipantId, RoomId } from '../../signalling/ids.ts';
import type { GoneReason, Mailbox, Participant } from '../../signalling/message.ts';
import type { TokenDigest, TokenHandle } from '../../signalling/tokens.ts';
import type { Entry } from './tail.ts';

/** What the process remembers of the rows, so that a request needs no query to be judged. The rows are the truth. */
export interface RoomRecord {
  readonly row: number;
  readonly roomId: RoomId;
  readonly participants: Map<ParticipantId, ParticipantRecord>;
}

export interface ParticipantRecord {
  readonly row: number;
  readonly room: RoomRecord;
  readonly participantId: ParticipantId;
  readonly mailboxId: MailboxId;
  displayName: string | undefined;
  metadata: JsonText | undefined;
  readonly joinedAtMs: number;
  idleTimeoutMs: number;
  tokens: TokenRecord[];
  /** Whether an idempotency key of a join may still be kept for it. */
  hasJoinKey: boolean;

  /** Position up to which everything is acknowledged. */
  acknowledged: number;
  /** Position of the last message or gap; `acknowledged` when there is none. */
  head: number;
  /** The newest places of the mailbox: all those behind `tailFrom`. See `Tails`. */
  tail: Entry[];
  tailFrom: number;
  /** The acknowledged position as the row has it; behind `acknowledged` while an acknowledgement waits to be written. */
  writtenAcknowledged: number;
  /** Pending messages that count against the limits; room events do not. */
  messages: number;
  messageBytes: number;
  events: number;
  eventBytes: number;
  /** Of outcomes that are kept for retried sends. */
  keptBytes: number;
  /** Rows that stand for messages that ran out of their lifetime. */
  gaps: number;
  /** No pending message ends its lifetime before this (steady ms). */
  expiresFromMs: number;

  /** When all that it may send is available again (steady ms). In memory only. */
  budgetFullAtMs: number;
  /** Presence lives in memory only: a start begins every idle time anew. Steady ms. */
  seenAtMs: number;
  heldUntilMs: number;
  /** The participant counts as listening until then, even without a held poll. */
  listensUntilMs: number;
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
      readonly mailboxId: MailboxId | undefined;
    }
);

export const participantOf = (record: ParticipantRecord, nowMs: number): Participant => ({
  participantId: record.participantId,
  ...(record.displayName === undefined ? {} : { displayName: record.displayName }),
  ...(record.metadata === undefined ? {} : { metadata: record.metadata }),
  joinedAtMs: record.joinedAtMs,
  listening: isListening(record, nowMs),
});

export const mailboxOf = ({ room, participantId, mailboxId }: ParticipantRecord): Mailbox => ({
  roomId: room.roomId,
  participantId,
  mailboxId,
});

export const isListening = (record: ParticipantRecord, nowMs: number): boolean =>
  Math.max(record.heldUntilMs, record.listensUntilMs) > nowMs;

/** When the participant's idle time is over, as things stand (steady ms). */
export const idleFromMs = (record: ParticipantRecord): number =>
  Math.max(record.seenAtMs, record.heldUntilMs) + record.idleTimeoutMs;

/** What goes with the mailbox. */
export const heldBytes = (record: ParticipantRecord): number => pendingBytes(record) + record.keptBytes;

export const pendingBytes = (record: ParticipantRecord): number => record.messageBytes + record.eventBytes;
