import type { JsonText, MailboxId, MessageId, ParticipantId, RoomId } from '../../signalling/ids.ts';
import type { GoneReason } from '../../signalling/message.ts';
import type { TokenDigest, TokenHandle } from '../../signalling/tokens.ts';

/**
 * One place of a mailbox: a message, a room event, or the tombstone of messages that expired or were dropped. Inserts,
 * reads and the recent-message cache share this shape.
 */
export interface StoredMessage {
  readonly position: number;
  readonly id: MessageId;
  /** `participants.id` of the sender, which may be gone; null for room events. */
  readonly senderRow: number | null;
  readonly sender: ParticipantId | null;
  /** 1: sent to this mailbox alone; 0: broadcast. */
  readonly addressed: 0 | 1;
  readonly type: string;
  readonly payload: JsonText | null;
  readonly callId: string | null;
  readonly sentAtMs: number;
  /** Steady clock, whole ms. */
  readonly storedAtMs: number;
  /** Steady clock, whole ms; null for room events and tombstones. */
  readonly expiresAtMs: number | null;
  readonly bytes: number;
  /** Number of messages that a tombstone stands for; 0 for a message or room event. */
  readonly expired: number;
}

/** The fields that the counters of a mailbox need. */
export type CountedMessage = Pick<StoredMessage, 'senderRow' | 'bytes' | 'expired'>;

/** Counters of a mailbox, as a query computes them from its rows. */
export interface MailboxCounts {
  readonly acknowledged: number;
  /** Position of the last row; null when there is none. */
  readonly head: number | null;
  readonly messages: number;
  readonly messageBytes: number;
  readonly events: number;
  readonly eventBytes: number;
  readonly tombstones: number;
  readonly keptBytes: number;
  readonly expiresFromMs: number | null;
}

export interface ParticipantRow extends MailboxCounts {
  readonly row: number;
  readonly roomRow: number;
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
  readonly mailboxId: MailboxId;
  readonly displayName: string | null;
  readonly metadata: JsonText | null;
  readonly joinedAtMs: number;
  readonly idleTimeoutMs: number;
  readonly hasJoinKey: 0 | 1;
}

export type TokenRow = {
  readonly row: number;
  readonly handle: TokenHandle;
  readonly digest: TokenDigest;
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
} & (
  | { readonly state: 'fresh' | 'used' | 'replaced'; readonly participantRow: number }
  | { readonly state: 'gone'; readonly reason: GoneReason; readonly forgetAtMs: number }
);

/** A message past its lifetime. */
export type OverdueRow = {
  readonly rowid: number;
  readonly mailboxRow: number;
  /** Room events do not expire. */
  readonly senderRow: number;
} & Pick<StoredMessage, 'position' | 'id' | 'type' | 'callId' | 'bytes'>;
