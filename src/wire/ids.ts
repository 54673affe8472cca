import { z } from 'zod';
import { MAX_CALL_ID_CHARACTERS } from './bounds.ts';
import { must, text } from './fields.ts';

/** The form of room ids, participant ids and idempotency keys. */
const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
export const ROOM_ID_PATTERN = ID_PATTERN;

const identifier = z.string(must('text')).regex(ID_PATTERN, 'must be 1 to 64 of A-Z a-z 0-9 _ -');

export const roomId = identifier.meta({
  description:
    "The room's id. A room needs no creation: it exists from the first join until the last participant is gone.",
  examples: ['blue-door-4821'],
});

export const participantId = identifier.meta({
  description: 'One client in a room. A generated id has at least 16 characters and cannot be guessed.',
  examples: ['alice'],
});

/** The header `Idempotency-Key`. */
export const idempotencyKey = identifier.meta({
  description:
    'Makes retries safe: a request that is repeated with the same key and the same body within 600 s gets the stored 201, ' +
    'with `Idempotency-Replayed: true`. Another body under the same key is 422. Bodies are compared byte for byte: send the ' +
    'same text again. Use a new random key for each request.',
  examples: ['5c0b6a52-2f0e-4c11-9d0b-0f6f8f9f6a10'],
});

export const messageId = z.uuidv7().meta({
  description: 'The same in every copy of a message. Ignore a message whose id you have already handled.',
  examples: ['019aaf3c-7b1d-7c52-8e8b-3f6d1a2b4c5d'],
});

export const CURSOR_EXAMPLE = 'JaXhQ2tj78kh.hoe5751k1n';

export const cursor = z.string().meta({
  description: 'An opaque position in your mailbox. Send it back unchanged; do not build or parse cursors.',
  examples: [CURSOR_EXAMPLE],
});

export const callId = text(1, MAX_CALL_ID_CHARACTERS).meta({
  description: 'The call that the message belongs to, for rooms with more than one. Chosen by the app.',
  examples: ['call-1'],
});
