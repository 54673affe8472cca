import { z } from 'zod';
import {
  DEFAULT_RECEIVE_BATCH,
  MAX_CALL_ID_CHARACTERS,
  MAX_RECEIVE_BATCH,
  MAX_SEND_BATCH,
  type WireBounds,
} from './bounds.ts';
import { envelope, list, must, text, timestamp, wholeNumber } from './fields.ts';
import { cursor, messageId, participantId } from './ids.ts';
import { judgePayload, MESSAGE_TYPES, REJECT_REASONS, ROOM_EVENT_TYPES } from './payloads.ts';
import { participantView } from './room.ts';

const quoted = (values: readonly string[]) => values.map((value) => `\`${value}\``).join(', ');

const callId = text(1, MAX_CALL_ID_CHARACTERS).meta({
  description: 'Names the call that the message belongs to, when a room sees more than one; chosen by the app.',
  example: 'call-1',
});

const payloadToSend = z.unknown().meta({
  description: [
    'Passed on untouched; what it must be depends on `type`.',
    '`offer`: `RTCSessionDescriptionInit`, that is `{type: "offer", sdp}`; `answer`: the same with `answer` or `pranswer`; `sdp` starts with `v=0`.',
    '`candidate`: `RTCIceCandidateInit`, that is `{candidate, sdpMid?, sdpMLineIndex?, usernameFragment?}`; nulls are allowed but for `candidate`, and `candidate: ""` means end of candidates.',
    `\`reject\`, \`cancel\`, \`hangup\`: nothing, or an object that may carry \`reason\` of up to 64 characters, such as ${quoted(REJECT_REASONS)}.`,
    '`invite`, `ringing`, `accept`: nothing, or an object. `custom`: nothing, or any JSON value.',
    'Keys beyond these pass.',
  ].join('\n\n'),
  example: { type: 'offer', sdp: 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n' },
});

function newMessage({ maxTtlSeconds, defaultTtlSeconds }: WireBounds) {
  return envelope({
    to: participantId
      .meta({ description: 'The recipient. Without it the message goes to everyone else in the room.', example: 'bob' })
      .exactOptional(),
    type: z.enum(MESSAGE_TYPES, must(`one of ${MESSAGE_TYPES.join(', ')}`)).meta({
      description: 'The signalling step.',
      example: 'offer',
    }),
    payload: payloadToSend.optional(),
    callId: callId.exactOptional(),
    ttlSeconds: wholeNumber(1, maxTtlSeconds)
      .meta({
        description: `Lifetime in seconds; ${String(defaultTtlSeconds)} when omitted. A message not acknowledged by then is dropped, and its sender gets a \`message-expired\`.`,
        example: 30,
      })
      .exactOptional(),
  })
    .superRefine(judgePayload, { when: () => true })
    .meta({ id: 'SendRequest', description: 'One message as sent. The sender is known by its token.' });
}

export function messageRequests(bounds: WireBounds) {
  const message = newMessage(bounds);
  const messages = list(message, 1, MAX_SEND_BATCH).meta({
    description: 'In the order in which they are to arrive. All are stored, or none.',
  });
  return {
    sendMessage: message,
    sendMessages: envelope({ messages }).meta({ id: 'SendBatchRequest' }),
    receiveQuery: pollQuery(bounds),
    pollMessages: pollBody(bounds),
    acknowledgeMessages: envelope({
      cursor: z
        .string(must('text'))
        .meta({ description: 'Everything up to here was handled: the `cursor` of a batch.', example: 'AZqvPHsdAAE' }),
    }).meta({ id: 'AckRequest' }),
  };
}

const waitText = ({ defaultWaitSeconds, maxWaitSeconds }: WireBounds) =>
  `How long to hold the poll when nothing is pending, in whole seconds; ${String(defaultWaitSeconds)} when omitted, 0 answers at once, ` +
  `above ${String(maxWaitSeconds)} counts as ${String(maxWaitSeconds)}. The real hold is up to 10 % shorter, never longer.`;
const limitText = `At most so many messages; ${String(DEFAULT_RECEIVE_BATCH)} when omitted.`;
const afterText =
  'The cursor of the last batch: acknowledges everything up to it and reads what is behind it. ' +
  'Without it, everything unacknowledged is returned and nothing is acknowledged.';

function pollBody(bounds: WireBounds) {
  const rule = must('a whole number from 0');
  const wait = z.number(rule).refine((value) => Number.isInteger(value) && value >= 0, rule);
  return envelope({
    after: z.string(must('text')).meta({ description: afterText, example: 'AZqvPHsdAAE' }).exactOptional(),
    wait: wait
      .meta({ type: 'integer', minimum: 0, description: waitText(bounds), example: 25 })
      .optional()
      .transform((value) => Math.min(value ?? bounds.defaultWaitSeconds, bounds.maxWaitSeconds)),
    limit: wholeNumber(1, MAX_RECEIVE_BATCH)
      .meta({ description: limitText, example: DEFAULT_RECEIVE_BATCH })
      .optional()
      .transform((value) => value ?? DEFAULT_RECEIVE_BATCH),
  }).meta({ id: 'PollRequest' });
}

/** The same as `pollBody` from a query string, where all is text and a repeated parameter arrives as an array. */
function pollQuery({ defaultWaitSeconds, maxWaitSeconds }: WireBounds) {
  const wait = decimal('a whole number from 0, in plain digits', 0, Infinity);
  const limit = decimal(`a whole number from 1 to ${String(MAX_RECEIVE_BATCH)}, in plain digits`, 1, MAX_RECEIVE_BATCH);
  return envelope({
    after: once('text').exactOptional(),
    wait: wait.optional().transform((value) => Math.min(value ?? defaultWaitSeconds, maxWaitSeconds)),
    limit: limit.optional().transform((value) => value ?? DEFAULT_RECEIVE_BATCH),
  });
}

const once = (allowed: string) =>
  z.string({ error: ({ input }) => (Array.isArray(input) ? 'was given twice' : `must be ${allowed}`) });

function decimal(allowed: string, min: number, max: number) {
  return once(allowed)
    .refine((digits) => /^\d+$/.test(digits) && Number(digits) >= min && Number(digits) <= max, `must be ${allowed}`)
    .transform(Number);
}

const openType = z.string().meta({
  description: `Sent by clients: ${quoted(MESSAGE_TYPES)}. Sent by the server: ${quoted(ROOM_EVENT_TYPES)}. More may come: ignore a type that you do not know.`,
  example: 'offer',
});

export const receivedMessage = z
  .object({
    id: messageId,
    from: participantId
      .meta({ description: 'The sender, taken from its token; absent from room events.', example: 'alice' })
      .exactOptional(),
    to: participantId
      .meta({ description: 'Present when the message was sent to one recipient.', example: 'bob' })
      .exactOptional(),
    type: openType,
    payload: z
      .unknown()
      .meta({
        description:
          'As sent, untouched. Of the room events: `participant-joined` has `{participant}`, `participant-left` has ' +
          '`{participantId, reason}` (`left`, `timeout`, `replaced`, `removed`), `message-expired` has `{messageId, to, type, callId?}`.',
        example: { type: 'offer', sdp: 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n' },
      })
      .optional(),
    callId: callId.exactOptional(),
    sentAt: timestamp,
    ageMs: z.int().min(0).meta({
      description: "Milliseconds since the message was stored, by the server's own measure (client clocks lie).",
      example: 12,
    }),
  })
  .meta({ id: 'ReceivedMessage', description: 'One message as received.' });

export const batch = z
  .object({
    messages: z
      .array(receivedMessage)
      .meta({ description: 'Oldest first. At most `limit`, and 256 KiB or one message.' }),
    cursor: cursor.meta({ description: 'Send it as `after` of the next poll; present also when the batch is empty.' }),
    more: z.boolean().meta({ description: 'True: the next poll returns at once.', example: false }),
    expired: z
      .int()
      .min(0)
      .meta({
        description:
          'Messages between `after` and `cursor` that ran out of their lifetime or were dropped. Above 0: renegotiate and ' +
          're-read the roster instead of waiting for an offer that will never come.',
        example: 0,
      }),
  })
  .meta({ id: 'Batch' });

const recipient = z
  .object({
    participantId,
    listening: participantView.shape.listening,
  })
  .meta({ id: 'Recipient' });

const skipped = z
  .object({
    participantId,
    code: z.string().meta({ description: 'Why: `mailbox-full`. More may come.', example: 'mailbox-full' }),
  })
  .meta({ id: 'SkippedRecipient' });

export const receipt = z
  .object({
    id: messageId,
    sentAt: timestamp,
    recipients: z.array(recipient).meta({
      description: 'Whose mailbox holds the message; empty when nobody else is in the room.',
    }),
    skipped: z
      .array(skipped)
      .meta({ description: 'Those of a broadcast who did not get it, and why; absent when there are none.' })
      .exactOptional(),
  })
  .meta({ id: 'Receipt', description: 'The message is stored: committed before this answer was written.' });

export const receiptList = z
  .object({ receipts: z.array(receipt).meta({ description: 'In the order of the request.' }) })
  .meta({ id: 'ReceiptList' });

export type ReceivedMessage = z.output<typeof receivedMessage>;
export type Batch = z.output<typeof batch>;
export type Receipt = z.output<typeof receipt>;
export type ReceiptList = z.output<typeof receiptList>;
