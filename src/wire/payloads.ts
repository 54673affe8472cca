import { z } from 'zod';
import { MAX_REASON_CHARACTERS } from './bounds.ts';
import { isObject, must, text, wholeNumber } from './fields.ts';

/** What a client may send. */
export const MESSAGE_TYPES = [
  'invite',
  'ringing',
  'accept',
  'reject',
  'cancel',
  'hangup',
  'offer',
  'answer',
  'candidate',
  'custom',
] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** What only the server sends. */
export const ROOM_EVENT_TYPES = ['participant-joined', 'participant-left', 'message-expired'] as const;
export type RoomEventType = (typeof ROOM_EVENT_TYPES)[number];

/** Known reasons of `reject`, `cancel` and `hangup`; any other text of up to 64 characters is as good. */
export const REJECT_REASONS = [
  'user_hangup',
  'user_busy',
  'invite_timeout',
  'ice_failed',
  'ice_timeout',
  'user_media_failed',
  'answered_elsewhere',
  'unknown_error',
] as const;

const anObject = must('an object');

const optionalObject = z.looseObject({}, anObject).optional();
const callEnd = z.looseObject({ reason: text(0, MAX_REASON_CHARACTERS).exactOptional() }, anObject).optional();

function description<Type extends string>(...types: readonly [Type, ...Type[]]) {
  const sdp = z.string(must('text')).startsWith('v=0', 'must start with "v=0" (RFC 8866, section 5.1)');
  return z.looseObject({ type: z.enum(types, must(types.join(' or '))), sdp }, anObject);
}

const nullableText = z.string(must('text or null')).nullable().exactOptional();

const candidate = z.looseObject(
  {
    candidate: z.string(must('text ("" means end of candidates)')),
    sdpMid: nullableText,
    sdpMLineIndex: wholeNumber(0, 65_535).nullable().exactOptional(),
    usernameFragment: nullableText,
  },
  anObject,
);

/** These only judge: what is stored and delivered is the payload that was sent, unknown keys and all. */
const PAYLOADS = {
  invite: optionalObject,
  ringing: optionalObject,
  accept: optionalObject,
  reject: callEnd,
  cancel: callEnd,
  hangup: callEnd,
  offer: description('offer'),
  answer: description('answer', 'pranswer'),
  candidate,
  custom: z.unknown(),
} as const satisfies Record<MessageType, z.ZodType>;

/** Payloads of what clients send, by type. */
export type MessagePayloads = { [Type in MessageType]: z.output<(typeof PAYLOADS)[Type]> };

/** `RTCSessionDescriptionInit` of an `offer` (WebRTC 1.0, section 4.6.1). */
export type OfferPayload = MessagePayloads['offer'];
/** `RTCSessionDescriptionInit` of an `answer`, which may be provisional. */
export type AnswerPayload = MessagePayloads['answer'];
/** `RTCIceCandidateInit` (WebRTC 1.0, section 4.8.1). */
export type CandidatePayload = MessagePayloads['candidate'];
/** What `reject`, `cancel` and `hangup` may carry. */
export type CallEndPayload = NonNullable<MessagePayloads['hangup']>;

/** Adds what is wrong with a message's payload for its type; says nothing when the type itself is wrong. */
export function judgePayload(message: unknown, context: z.core.$RefinementCtx): void {
  if (!isObject(message) || !isMessageType(message.type)) return;
  const { error } = PAYLOADS[message.type].safeParse(message.payload);
  for (const { path, message: text } of error?.issues ?? []) {
    context.addIssue({ code: 'custom', path: ['payload', ...path], message: text });
  }
}

function isMessageType(type: unknown): type is MessageType {
  return MESSAGE_TYPES.some((known) => known === type);
}
