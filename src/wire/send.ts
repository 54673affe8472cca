import { z } from 'zod';
import { MAX_SEND_BATCH, type WireBounds } from './bounds.ts';
import { envelope, list, omittable, timestamp, wholeNumber } from './fields.ts';
import { callId, messageId, participantId } from './ids.ts';
import { judgePayload, MESSAGE_TYPES } from './payloads.ts';
import { participantView } from './room.ts';

const payloadToSend = z.unknown().meta({
  description: [
    'Passed on untouched; `type` decides what it must be.',
    '`offer`: an `OfferPayload`, that is `RTCSessionDescriptionInit` with the type `offer`. `answer`: an `AnswerPayload`, the same with `answer` or `pranswer`.',
    '`candidate`: a `CandidatePayload`, that is `RTCIceCandidateInit`; `candidate: ""` means end of candidates.',
    '`reject`, `cancel`, `hangup`: nothing, or a `CallEndPayload` with a `reason`.',
    '`invite`, `ringing`, `accept`: nothing, or an object. `custom`: nothing, or any JSON value.',
    'Members beyond those of the named schemas are passed on. Content that some JSON parsers cannot read is refused: lone ' +
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
        description: 'The recipient. Without it the message goes to everyone else in the room.',
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
          `Lifetime in seconds; ${String(defaultTtlSeconds)} when omitted. A message not acknowledged by then is dropped, and its ` +
          'sender gets a `message-expired`. In open mode the maximum is 300.',
        examples: [30],
      }),
    ),
  })
    .superRefine(judgePayload, { when: () => true })
    .meta({ id: 'SendRequest', description: 'One message as sent. The sender is known by its token.' });
}

export function sendRequests(bounds: WireBounds) {
  const message = newMessage(bounds);
  const messages = list(message, 1, MAX_SEND_BATCH).meta({
    description: 'In the order in which they are to arrive. All are stored, or none.',
  });
  return {
    sendMessage: message,
    sendMessages: envelope({ messages }).meta({
      id: 'SendBatchRequest',
      description: 'Messages that belong together.',
    }),
  };
}

const recipient = z
  .object({
    participantId,
    listening: participantView.shape.listening,
  })
  .meta({ id: 'Recipient', description: 'One whose mailbox holds the message.' });

const skipped = z
  .object({
    participantId,
    code: z.string().meta({ description: 'Why: `mailbox-full`. More may come.', examples: ['mailbox-full'] }),
  })
  .meta({ id: 'SkippedRecipient', description: 'One who did not get a message that went to everyone else.' });

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
  .meta({ id: 'ReceiptList', description: 'One receipt per message.' });

export type Receipt = z.output<typeof receipt>;
export type ReceiptList = z.output<typeof receiptList>;
