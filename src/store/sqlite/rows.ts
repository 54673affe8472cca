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
  readonly expiresFromMs: number | null;
}

/** The idempotency key of a join. */
export interface JoinKey {
  readonly scope: string;
  readonly fingerprint: string;
  readonly resumed: 0 | 1;
  /** Steady clock, whole ms. */
  readonly forgetAtMs: number;
}

export interface LiveToken {
  readonly handle: TokenHandle;
  readonly digest: TokenDigest;
  readonly state: 'fresh' | 'used' | 'replaced';
}

/** The columns of a participant that change. */
export interface ParticipantColumns {
  readonly displayName: string | null;
  readonly metadata: JsonText | null;
  readonly idleTimeoutMs: number;
  /** Its oldest token, unless a takeover replaced it. */
  readonly tokenHandle: TokenHandle | null;
  readonly tokenDigest: TokenDigest | null;
  readonly tokenState: LiveToken['state'] | null;
  readonly joinScope: string | null;
  readonly joinFingerprint: string | null;
  readonly joinResumed: 0 | 1 | null;
  readonly joinForgetAtMs: number | null;
}

export const tokenColumns = (token: LiveToken | undefined) => ({
  tokenHandle: token?.handle ?? null,
  tokenDigest: token?.digest ?? null,
  tokenState: token?.state ?? null,
});

export const joinKeyColumns = (key: JoinKey | undefined) => ({
  joinScope: key?.scope ?? null,
  joinFingerprint: key?.fingerprint ?? null,
  joinResumed: key?.resumed ?? null,
  joinForgetAtMs: key?.forgetAtMs ?? null,
});

export interface NewParticipantRow extends ParticipantColumns {
  readonly roomId: RoomId;
  readonly roomCreatedAtMs: number;
  readonly participantId: ParticipantId;
  readonly mailboxId: MailboxId;
  readonly joinedAtMs: number;
}

export interface ParticipantRow extends NewParticipantRow, MailboxCounts {
  readonly row: number;
}

export interface TokenRow extends LiveToken {
  readonly row: number;
  readonly participantRow: number;
}

export interface GoneTokenRow {
  readonly row: number;
  readonly handle: TokenHandle;
  readonly digest: TokenDigest;
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
  readonly reason: GoneReason;
  readonly forgetAtMs: number;
}

/** The outcome of a send with an idempotency key, without its fingerprint and receipts: only a replay needs them. */
export interface SendRow {
  readonly row: number;
  readonly senderRow: number;
  readonly scope: string;
  readonly forgetAtMs: number;
  /** Size of scope and receipts. */
  readonly bytes: number;
}

/** A message past its lifetime. */
export type OverdueRow = {
  readonly rowid: number;
  readonly mailboxRow: number;
  /** Room events do not expire. */
  readonly senderRow: number;
} & Pick<StoredMessage, 'position' | 'id' | 'type' | 'callId' | 'bytes'>;
