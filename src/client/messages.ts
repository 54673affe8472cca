import type {
  AnswerPayload,
  CallEndPayload,
  CandidatePayload,
  JsonObject,
  OfferPayload,
  ParticipantView,
  ReceivedMessage,
} from '../wire/index.ts';

/** A message to send. Without `to` it goes to all others in the room. */
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
  /** 1 to 64 characters: the call that the message belongs to. */
  readonly callId?: string | undefined;
  /** Whole seconds from 1; when omitted, the server's default (`limits.defaultTtlSeconds`, 120). */
  readonly ttlSeconds?: number | undefined;
}

/** Whether a message ends a call: the page may close right after it. */
export const endsCall = ({ type }: { readonly type: string }): boolean => /^(hangup|cancel|reject)$/.test(type);

/** Whether further candidates may follow at once. None follows the end of candidates. */
export const isTrickled = (message: OutgoingMessage): boolean =>
  message.type === 'candidate' && Boolean(fieldsOf(message).candidate);

// Payloads come from other clients. The server checks most of them; the parsers below rely on nothing that it checks.

/** The fields of a payload, unchecked; none when it is not an object. */
export const fieldsOf = ({ payload }: Pick<ReceivedMessage, 'payload'>): JsonObject => objectOf(payload);

export const objectOf = (value: unknown): JsonObject =>
  // An object may be read as a record of unknown values; an array has none of the fields.
  typeof value === 'object' && value ? (value as JsonObject) : {};

export const isText = (value: unknown): value is string => typeof value === 'string';

export const textOrNone = (value: unknown): string | undefined => (isText(value) ? value : undefined);

/** The reason in `hangup`, `cancel` or `reject`; the message's type when it gives none. */
export const parseReason = (message: ReceivedMessage): string => textOrNone(fieldsOf(message).reason) ?? message.type;

/** An offer or an answer. @throws TypeError when `type` is none of `types`, or `sdp` is not a text */
export function parseDescription<Type extends (OfferPayload | AnswerPayload)['type']>(
  { type, sdp }: JsonObject,
  ...types: readonly Type[]
): { type: Type; sdp: string } {
  const known = types.find((allowed) => allowed === type);
  if (known && isText(sdp)) return { type: known, sdp };
  throw new TypeError(`malformed ${types[0]}`);
}

/**
 * A candidate in the form that every stack accepts: only the fields of `RTCIceCandidateInit`, because some stacks add
 * others, and some have no `toJSON`. Browsers throw a `TypeError` for a candidate of no media line, other stacks for a
 * field that is `null`. A missing candidate is the end of candidates. A field that names the media line is ignored when
 * it is malformed.
 * @throws TypeError when `candidate` is neither a text nor missing
 */
export function parseCandidate(given: unknown): CandidatePayload {
  const { candidate = 'end', sdpMid, sdpMLineIndex, usernameFragment } = objectOf(given);
  if (!isText(candidate)) throw new TypeError('malformed candidate');
  // Licode sends {candidate: 'end', sdpMid: 'end', sdpMLineIndex: -1}, others the attribute of RFC 8838, section 8.2.
  if (/^(a=)?end/.test(candidate)) return { candidate: '' };
  const mid = textOrNone(sdpMid);
  const ufrag = textOrNone(usernameFragment);
  const line = typeof sdpMLineIndex === 'number' ? sdpMLineIndex : -1;
  // All media are bundled on the first line, so a candidate of no line belongs there.
  const index = line < 0 && !mid ? 0 : line;
  return {
    candidate,
    ...(mid && { sdpMid: mid }),
    ...(index >= 0 && { sdpMLineIndex: index }),
    ...(ufrag && { usernameFragment: ufrag }),
  };
}

/** The participant that joined; `undefined` if the event does not name one. */
export function parseJoined(message: ReceivedMessage): ParticipantView | undefined {
  const { participant } = fieldsOf(message);
  // The client itself uses `participantId` only; the server vouches for the rest.
  return isText(objectOf(participant).participantId) ? (participant as ParticipantView) : undefined;
}
