import { z } from 'zod';
import { DEFAULT_RECEIVE_BATCH, MAX_RECEIVE_BATCH, type WireBounds } from './bounds.ts';
import { envelope, must, omittable, quoted, timestamp, wholeNumber } from './fields.ts';
import { callId, cursor, CURSOR_EXAMPLE, messageId, participantId } from './ids.ts';
import { MESSAGE_TYPES, ROOM_EVENT_TYPES, type MessagePayloads, type RoomEventPayloads } from './payloads.ts';

const upTo = z.string(must('text')).meta({
  description: 'The `cursor` of a batch: acknowledges everything up to it.',
  examples: [CURSOR_EXAMPLE],
});

const after = {
  description:
    'The cursor of the last batch: acknowledges everything up to it and returns what follows. ' +
    'Without it, the poll returns everything unacknowledged and acknowledges nothing.',
  examples: [CURSOR_EXAMPLE],
};

/** The same schema serves the body of a poll by POST and, by `queryOf`, the query of a poll by GET. */
export function pollRequests({ defaultWaitSeconds, maxWaitSeconds }: WireBounds) {
  const rule = must('a whole number from 0');
  const wait = z.number(rule).refine((value) => Number.isInteger(value) && value >= 0, rule);
  const pollMessages = envelope({
    after: omittable(z.string(must('text')).meta(after)).meta(after),
    wait: omittable(wait.meta({ type: 'integer', minimum: 0, examples: [25] }))
      .optional()
      .transform((value) => Math.min(value ?? defaultWaitSeconds, maxWaitSeconds))
      .meta({
        description:
          `How long to hold the poll when nothing is pending, in whole seconds. ${String(defaultWaitSeconds)} when omitted; 0 answers at once; ` +
          `above ${String(maxWaitSeconds)} counts as ${String(maxWaitSeconds)}. The actual time is up to 10 % shorter, never longer.`,
      }),
    limit: omittable(wholeNumber(1, MAX_RECEIVE_BATCH).meta({ examples: [DEFAULT_RECEIVE_BATCH] }))
      .optional()
      .transform((value) => value ?? DEFAULT_RECEIVE_BATCH)
      .meta({ description: `The maximum number of messages; ${String(DEFAULT_RECEIVE_BATCH)} when omitted.` }),
  }).meta({
    id: 'PollRequest',
    description: 'Where to continue, and how long to wait. All fields are optional, and so is the body.',
  });
  const acknowledgeMessages = envelope({ cursor: upTo }).meta({
    id: 'AckRequest',
    description: 'The position to acknowledge.',
  });
  return { pollMessages, acknowledgeMessages };
}

const openType = z.string().meta({
  description: `Sent by clients: ${quoted(MESSAGE_TYPES)}. Sent by the server: ${quoted(ROOM_EVENT_TYPES)}. New types may be added: ignore a type that you do not know.`,
  examples: ['offer'],
});

const receivedMessage = z
  .object({
    id: messageId,
    from: participantId
      .meta({ description: 'The sender, taken from its token. Absent in room events.', examples: ['alice'] })
      .exactOptional(),
    to: participantId
      .meta({ description: 'Present when the message was sent to one recipient.', examples: ['bob'] })
      .exactOptional(),
    type: openType,
    payload: z
      .unknown()
      .meta({
        description:
          'As sent: see `payload` of `SendRequest`. Of the room events, `participant-joined` has a ' +
          '`ParticipantJoinedPayload`, `participant-left` a `ParticipantLeftPayload` and `message-expired` a `MessageExpiredPayload`.',
        examples: [{ type: 'offer', sdp: 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n' }],
      })
      .optional(),
    callId: callId.exactOptional(),
    sentAt: timestamp,
    ageMs: z
      .int()
      .min(0)
      .meta({
        description:
          'Milliseconds since the message was stored, measured by the server, since client clocks are unreliable.',
        examples: [12],
      }),
  })
  .meta({ id: 'ReceivedMessage', description: 'One message as received.' });

export const batch = z
  .object({
    messages: z
      .array(receivedMessage)
      .meta({ description: 'Oldest first. At most `limit`, and 256 KiB or one message.' }),
    cursor: cursor.meta({ description: 'Send it as `after` of the next poll. Present even when the batch is empty.' }),
    more: z.boolean().meta({
      description: 'Whether more messages are pending, so that the next poll returns at once.',
      examples: [false],
    }),
    expired: z
      .int()
      .min(0)
      .meta({
        description:
          'The number of messages between `after` and `cursor` that expired or were dropped. If it is above 0, read the roster and ' +
          'renegotiate, instead of waiting for an offer that will never come.',
        examples: [0],
      }),
    waitSeconds: z
      .int()
      .min(1)
      .meta({
        description:
          'Present when the server ended this poll before its window, because the network cuts the polls of this client: the ' +
          'window that was used, in whole seconds, rounded down. The response counts as held; ask for this `wait` from now on.',
        examples: [3],
      })
      .exactOptional(),
  })
  .meta({ id: 'Batch', description: 'The messages that a poll returns. An empty batch is a normal response.' });

type Fields = Omit<z.output<typeof receivedMessage>, 'from' | 'type' | 'payload'>;
type SentMessage<Type extends keyof MessagePayloads> = Fields & {
  from: string;
  type: Type;
} & Payload<MessagePayloads[Type]>;
type RoomEvent<Type extends keyof RoomEventPayloads> = Fields & {
  from?: never;
  type: Type;
  payload: RoomEventPayloads[Type];
};
type Payload<Value> = undefined extends Value ? { payload?: Value } : { payload: Value };

declare const unknownType: unique symbol;
/**
 * A message type that is unknown to this version: a string that the compiler distinguishes from the known ones, so that
 * comparing `type` with a known type excludes it. A plain `string`, or a branded one outside a template, would stay in
 * the union.
 */
export type UnknownType = `${string}${string & { readonly [unknownType]: true }}`;
type UnknownMessage = Fields & { from?: string; type: UnknownType; payload?: unknown };

/** One message as received. `type` decides what `payload` is, and whether there is a sender (`from`). */
export type ReceivedMessage =
  | { [Type in keyof MessagePayloads]: SentMessage<Type> }[keyof MessagePayloads]
  | { [Type in keyof RoomEventPayloads]: RoomEvent<Type> }[keyof RoomEventPayloads]
  | UnknownMessage;

export type Batch = Omit<z.output<typeof batch>, 'messages'> & { messages: ReceivedMessage[] };
