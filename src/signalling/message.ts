import type { JsonText, MailboxId, MessageId, ParticipantId, RoomId } from './ids.ts';

/** Why a participant is gone. */
export type GoneReason = 'left' | 'timeout' | 'replaced' | 'removed';

/** The address of one mailbox incarnation. */
export interface Mailbox {
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
  readonly mailboxId: MailboxId;
  /**
   * Number of takeovers of the mailbox when the token was checked. A store that several processes share refuses
   * operations with an older number; a store of one process does not need it.
   */
  readonly fencingToken?: number | undefined;
}

export interface Participant {
  readonly participantId: ParticipantId;
  readonly displayName?: string;
  readonly metadata?: JsonText;
  readonly joinedAtMs: number;
  /** True while a poll is held, and for a while after one: see `PollOutcome`. */
  readonly listening: boolean;
}

// Missing fields of a message are set to `undefined`, so that all messages have one shape for V8.

/** A message to send. */
export interface OutgoingMessage {
  readonly id: MessageId;
  /** Undefined: all other participants of the room. */
  readonly recipient?: ParticipantId | undefined;
  readonly type: string;
  readonly payload?: JsonText | undefined;
  readonly callId?: string | undefined;
  readonly ttlMs: number;
}

/** A message as its recipient reads it. */
export interface ReceivedMessage {
  readonly id: MessageId;
  /** Position in its mailbox; not part of the response. */
  readonly position: number;
  /** Undefined on room events. */
  readonly sender?: ParticipantId | undefined;
  /** Undefined for a broadcast. */
  readonly recipient?: ParticipantId | undefined;
  readonly type: string;
  readonly payload?: JsonText | undefined;
  readonly callId?: string | undefined;
  /** Wall clock of the server at the commit. */
  readonly sentAtMs: number;
  /** Time since the commit by the steady clock; at least 0. */
  readonly ageMs: number;
}

export interface Receipt {
  readonly id: MessageId;
  readonly sentAtMs: number;
  readonly recipients: readonly { readonly participantId: ParticipantId; readonly listening: boolean }[];
  /** Recipients of a broadcast whose mailbox was full. */
  readonly skipped?: readonly { readonly participantId: ParticipantId; readonly code: 'mailbox-full' }[];
}

/** Upper bound of a received message's JSON around its payload and `callId`: names, ids, times, punctuation. */
export const ENVELOPE_BYTES = 320;

/** Upper bound of the message's bytes in a response. Quotas and batches count these bytes. */
export function messageBytes({ payload, callId }: Pick<OutgoingMessage, 'payload' | 'callId'>): number {
  const payloadBytes = payload === undefined ? 0 : Buffer.byteLength(payload);
  const callIdBytes = callId === undefined ? 0 : Buffer.byteLength(JSON.stringify(callId));
  return ENVELOPE_BYTES + payloadBytes + callIdBytes;
}
