import { z } from 'zod';
import { MAX_SEND_BATCH, type WireBounds } from './bounds.ts';
import { envelope, list, omittable, timestamp, wholeNumber } from './fields.ts';
import { callId, messageId, participantId } from './ids.ts';
import { judgePayload, MESSAGE_TYPES } from './payloads.ts';
import { participantView } from './room.ts';

const payloadToSend = z.unknown().meta({
  description: [
    'Delivered as sent. What is allowed depends on `type`:',
    '`offer`: an `OfferPayload`, that is an `RTCSessionDescriptionInit` of the type `offer`. `answer`: an `AnswerPayload`, the same with `answer` or `pranswer`.',
    '`candidate`: a `CandidatePayload`, that is an `RTCIceCandidateInit`. `candidate: ""` means end of candidates.',
    '`reject`, `cancel`, `hangup`: absent, or a `CallEndPayload` with a `reason`.',
    '`invite`, `ringing`, `accept`: absent, or an object. `custom`: absent, or any JSON value.',
    'Members beyond those of the named schemas are delivered, too. Content that some JSON parsers cannot read is refused: lone ' +
      'surrogates, numbers beyond a double, more than 64 levels, and in `offer`, `answer` and `candidate` a duplicate member name.',
  ].join('\n\n'),
  examples: [{ type: 'offer', sdp: 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n' }],
});

const typeFault = ({ input }: { readonly input?: unknown }) =>
  `${input === undefined ? 'is required' : 'must be known'}: one of ${MESSAGE_TYPES.join(', ')}`;

function newMessage({ maxTtlSeconds, defaultTtlSeconds }: WireBounds) {
  return envelope({
    to: omittable(
      participantId.meta({
        description: 'The recipient. Without it, the message goes to everyone else in the room.',
        examples: ['bob'],
      }),
    ),
    type: z.enum(MESSAGE_TYPES, { error: typeFault }).meta({
      description: 'The signalling step.',
      examples: ['offer'],
    }),
    payload: payloadToSend.optional(),
    callId: omittable(callId),
    ttlSeconds: omittable(
      wholeNumber(1, maxTtlSeconds).meta({
        description:
          `Lifetime in seconds; ${String(defaultTtlSeconds)} when omitted. A message that is not acknowledged by then is dropped, and ` +
          'its sender gets a `message-expired`. In open mode, the maximum is 300.',
        examples: [30],
      }),
    ),
  })
    .superRefine(judgePayload, { when: () => true })
    .meta({ id: 'SendRequest', description: 'One message as sent. The token identifies the sender.' });
}

export function sendRequests(bounds: WireBounds) {
  const message = newMessage(bounds);
  const messages = list(message, 1, MAX_SEND_BATCH).meta({
    description: 'In the order of delivery. Either all are stored, or none.',
  });
  return {
    sendMessage: message,
    sendMessages: envelope({ messages }).meta({
      id: 'SendBatchRequest',
      description: 'Messages to store together.',
    }),
  };
}

const recipient = z
  .object({
    participantId,
    listening: participantView.shape.listening,
  })
  .meta({ id: 'Recipient', description: 'A participant whose mailbox holds the message.' });

const skipped = z
  .object({
    participantId,
    code: z
      .string()
      .meta({ description: 'The reason: `mailbox-full`. New codes may be added.', examples: ['mailbox-full'] }),
  })
  .meta({ id: 'SkippedRecipient', description: 'A participant that a broadcast did not reach.' });

export const receipt = z
  .object({
    id: messageId,
    sentAt: timestamp,
    recipients: z.array(recipient).meta({
      description: 'The participants whose mailboxes hold the message. Empty when nobody else is in the room.',
    }),
    skipped: z
      .array(skipped)
      .meta({ description: 'The participants that a broadcast did not reach. Absent when there are none.' })
      .exactOptional(),
  })
  .meta({ id: 'Receipt', description: 'The message is stored: it was committed before this response was written.' });

export const receiptList = z
  .object({ receipts: z.array(receipt).meta({ description: 'In the order of the request.' }) })
  .meta({ id: 'ReceiptList', description: 'One receipt per message.' });

export type Receipt = z.output<typeof receipt>;
export type ReceiptList = z.output<typeof receiptList>;
