import type {
  AnswerPayload,
  CallEndPayload,
  CandidatePayload,
  JsonObject,
  OfferPayload,
  ReceivedMessage,
} from '../wire/index.ts';

/** A message to send. Without `to` it goes to everyone else in the room. */
export type OutgoingMessage = Envelope &
  (
    | { readonly type: 'invite' | 'ringing' | 'accept'; readonly payload?: JsonObject }
    | { readonly type: 'reject' | 'cancel' | 'hangup'; readonly payload?: CallEndPayload }
    | { readonly type: 'offer'; readonly payload: OfferPayload }
    | { readonly type: 'answer'; readonly payload: AnswerPayload }
    | { readonly type: 'candidate'; readonly payload: CandidatePayload }
    | { readonly type: 'custom'; readonly payload?: unknown }
  );

interface Envelope {
  /** The recipient's `participantId`. */
  readonly to?: string | undefined;
  /** 1 to 64 characters: which call the message belongs to. */
  readonly callId?: string | undefined;
  /** Whole seconds from 1; the server's default (`limits.defaultTtlSeconds`, 120) when omitted. */
  readonly ttlSeconds?: number | undefined;
}

/** Why the app may have missed messages, and should re-read the roster and renegotiate. `Call` does so by itself. */
export type Gap =
  /** So many messages ran out of their lifetime, or were dropped, before they were fetched. */
  | { readonly cause: 'expired'; readonly expired: number }
  /** The server's store was restored from an older copy. */
  | { readonly cause: 'cursor-expired' }
  /** The participant had timed out and joined again; its former mailbox is gone. */
  | { readonly cause: 'rejoined' };

/** The fields of a payload, or none. */
export const fieldsOf = ({ payload }: ReceivedMessage): JsonObject =>
  typeof payload === 'object' && payload !== null ? (payload as JsonObject) : {};

/** Whether a message ends a call: the last word of a page that may close right after it. */
export const endsCall = ({ type }: { readonly type: string }): boolean => /^(hangup|cancel|reject)$/.test(type);
