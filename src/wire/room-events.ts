import { z } from 'zod';
import { messageId, participantId } from './ids.ts';
import type { RoomEventType } from './payloads.ts';
import { participantView } from './room.ts';
import { callId } from './send.ts';

/** The payloads that the server itself writes. */
export const ROOM_EVENT_PAYLOADS = {
  'participant-joined': z.object({ participant: participantView }),
  // `left`, `timeout`, `replaced` or `removed`; a newer server may have more reasons.
  'participant-left': z.object({ participantId, reason: z.string() }),
  'message-expired': z.object({ messageId, to: participantId, type: z.string(), callId: callId.exactOptional() }),
} as const satisfies Record<RoomEventType, z.ZodType>;

/** Payloads of the events that only the server sends, by type. */
export type RoomEventPayloads = {
  [Type in RoomEventType]: z.output<(typeof ROOM_EVENT_PAYLOADS)[Type]>;
};
