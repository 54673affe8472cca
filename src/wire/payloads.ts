import { z } from 'zod';
import { MAX_REASON_CHARACTERS } from './bounds.ts';
import { isObject, must, omittable, quoted, text, wholeNumber } from './fields.ts';
import { callId, messageId, participantId } from './ids.ts';
import { participantView } from './room.ts';

/** The types of messages that clients send. */
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

/** The types of messages that only the server sends. */
export const ROOM_EVENT_TYPES = ['participant-joined', 'participant-left', 'message-expired'] as const;
export type RoomEventType = (typeof ROOM_EVENT_TYPES)[number];

/** Known reasons of `reject`, `cancel` and `hangup`; any other text of up to 64 characters is accepted. */
const CALL_END_REASONS = [
  'user_hangup',
  'user_busy',
  'invite_timeout',
  'ice_failed',
  'ice_timeout',
  'user_media_failed',
  'answered_elsewhere',
  'declined_elsewhere',
  'caller_gone',
  'replaced',
  'unknown_call',
  'unknown_error',
] as const;

const anObject = must('an object');

const optionalObject = omittable(z.looseObject({}, anObject)).optional();

const callEnd = z
  .looseObject(
    {
      reason: omittable(
        text(0, MAX_REASON_CHARACTERS).meta({
          description: `Why the call ended, such as ${quoted(CALL_END_REASONS)}, or any other text.`,
          examples: ['user_hangup'],
        }),
      ),
    },
    anObject,
  )
  .meta({ description: 'Payload of `reject`, `cancel` and `hangup`; may be absent.' });

const SDP_EXAMPLE = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';

function description<Type extends string>(...types: readonly [Type, ...Type[]]) {
  const sdp = z.string(must('text')).regex(/^v=0/, 'must start with "v=0" (RFC 8866, section 5.1)');
  return z.looseObject(
    {
      type: z.enum(types, must(types.join(' or '))).meta({ description: 'The type of the SDP.', examples: [types[0]] }),
      sdp: sdp.meta({ description: 'Starts with `v=0`.', examples: [SDP_EXAMPLE] }),
    },
    anObject,
  );
}

const offer = description('offer').meta({ description: 'Payload of `offer`: `RTCSessionDescriptionInit`.' });
const answer = description('answer', 'pranswer').meta({
  description: 'Payload of `answer`: `RTCSessionDescriptionInit`, which may be provisional.',
});

const nullableText = z.string(must('text or null')).nullable();

/** WebRTC stacks signal the end of candidates in many forms; the fault names the form that WebRTC specifies. */
const orEnd = (allowed: string): ReturnType<typeof must> => {
  const { error } = must(allowed);
  return { error: (issue) => `${error(issue)}; {"candidate": ""} means end of candidates` };
};

const candidate = z
  .looseObject(
    {
      candidate: z.string(orEnd('text')).meta({
        description: 'The `candidate` attribute of SDP; `""` means end of candidates.',
        examples: ['candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host'],
      }),
      sdpMid: nullableText
        .meta({ description: 'The `mid` of the media description that the candidate belongs to.', examples: ['0'] })
        .exactOptional(),
      sdpMLineIndex: wholeNumber(-1, 65_535)
        .nullable()
        .meta({
          description: 'The index of that media description, from 0. Some stacks send -1 with the end of candidates.',
          examples: [0],
        })
        .exactOptional(),
      usernameFragment: nullableText
        .meta({ description: 'The `ice-ufrag` of the ICE generation.', examples: ['EsAw'] })
        .exactOptional(),
    },
    orEnd('an object'),
  )
  .meta({ description: 'Payload of `candidate`: `RTCIceCandidateInit`.' });

/** Only for validation: the payload is stored and delivered as it was sent, with unknown keys. */
const PAYLOADS = {
  invite: optionalObject,
  ringing: optionalObject,
  accept: optionalObject,
  reject: omittable(callEnd).optional(),
  cancel: omittable(callEnd).optional(),
  hangup: omittable(callEnd).optional(),
  offer,
  answer,
  candidate,
  custom: z.unknown(),
} as const satisfies Record<MessageType, z.ZodType>;

/** Payloads of clients' messages, by type. */
export type MessagePayloads = { [Type in MessageType]: z.output<(typeof PAYLOADS)[Type]> };
/** The payloads with declared fields, by the names that generated clients use. */
export const MESSAGE_PAYLOADS = {
  OfferPayload: offer,
  AnswerPayload: answer,
  CandidatePayload: candidate,
  CallEndPayload: callEnd,
} as const;

/** `RTCSessionDescriptionInit` of an `offer` (WebRTC 1.0, section 4.6.1). */
export type OfferPayload = MessagePayloads['offer'];
/** `RTCSessionDescriptionInit` of an `answer`, which may be provisional. */
export type AnswerPayload = MessagePayloads['answer'];
/** `RTCIceCandidateInit` (WebRTC 1.0, section 4.8.1). */
export type CandidatePayload = MessagePayloads['candidate'];
/** The payload of `reject`, `cancel` and `hangup`, when there is one. */
export type CallEndPayload = NonNullable<MessagePayloads['hangup']>;

/** Adds the faults of a message's payload for its type; none when the type itself is invalid. */
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

/** The payloads of room events. */
export const ROOM_EVENT_PAYLOADS = {
  'participant-joined': z
    .object({ participant: participantView })
    .meta({ description: 'Payload of `participant-joined`: the participant that joined.' }),
  'participant-left': z
    .object({
      participantId,
      reason: z.string().meta({
        description: '`left`, `timeout`, `replaced` or `removed`. New values may be added.',
        examples: ['left'],
      }),
    })
    .meta({ description: 'Payload of `participant-left`: the participant that left, and the reason.' }),
  'message-expired': z
    .object({
      messageId,
      to: participantId.meta({ description: 'The recipient that did not acknowledge the message.', examples: ['bob'] }),
      type: z.string().meta({
        description: `The type of the expired message: ${quoted(MESSAGE_TYPES)}. New types may be added.`,
        examples: ['offer'],
      }),
      callId: callId.exactOptional(),
    })
    .meta({
      description: 'Payload of `message-expired`: a message that you sent was not acknowledged within its lifetime.',
    }),
} as const satisfies Record<RoomEventType, z.ZodType>;

/** Payloads of room events, by type. */
export type RoomEventPayloads = {
  [Type in RoomEventType]: z.output<(typeof ROOM_EVENT_PAYLOADS)[Type]>;
};
