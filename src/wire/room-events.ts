import { z } from 'zod';
import { messageId, participantId } from './ids.ts';
import { MESSAGE_TYPES, type RoomEventType } from './payloads.ts';
import { participantView } from './room.ts';
import { quoted } from './fields.ts';
import { callId } from './send.ts';

/** The payloads that the server itself writes. */
export const ROOM_EVENT_PAYLOADS = {
  'participant-joined': z
    .object({ participant: participantView })
    .meta({ description: 'Payload of `participant-joined`: who joined.' }),
  'participant-left': z
    .object({
      participantId,
      reason: z.string().meta({
        description: '`left`, `timeout`, `replaced` or `removed`. More may come.',
        examples: ['left'],
      }),
    })
    .meta({ description: 'Payload of `participant-left`: who left, and why.' }),
  'message-expired': z
    .object({
      messageId,
      to: participantId.meta({ description: 'The recipient that did not acknowledge it.', examples: ['bob'] }),
      type: z.string().meta({
        description: `The type of the expired message: ${quoted(MESSAGE_TYPES)}. More may come.`,
        examples: ['offer'],
      }),
      callId: callId.exactOptional(),
    })
    .meta({
      description: 'Payload of `message-expired`: a message of yours that was not acknowledged within its lifetime.',
    }),
} as const satisfies Record<RoomEventType, z.ZodType>;

/** Payloads of the events that only the server sends, by type. */
export type RoomEventPayloads = {
  [Type in RoomEventType]: z.output<(typeof ROOM_EVENT_PAYLOADS)[Type]>;
};
