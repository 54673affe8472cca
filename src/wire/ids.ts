import { z } from 'zod';
import { MAX_CALL_ID_CHARACTERS } from './bounds.ts';
import { must, text } from './fields.ts';

/** What a room's or participant's id may look like; the same for keys of idempotency. */
const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
export const ROOM_ID_PATTERN = ID_PATTERN;

const identifier = z.string(must('text')).regex(ID_PATTERN, 'must be 1 to 64 of A-Z a-z 0-9 _ -');

export const roomId = identifier.meta({
  description:
    "The room's name. Nobody creates a room: it exists from the first join until the last participant is gone.",
  examples: ['blue-door-4821'],
});

export const participantId = identifier.meta({
  description: 'One client in a room. A generated id has at least 16 characters and cannot be guessed.',
  examples: ['alice'],
});

/** The header `Idempotency-Key`. */
export const idempotencyKey = identifier.meta({
  description:
    'Makes a retry harmless: a request repeated with the same key and the same JSON within 600 s is answered with the ' +
    'stored 201 and `Idempotency-Replayed: true`. Another body under the same key is 422. Use a fresh random key per request.',
  examples: ['5c0b6a52-2f0e-4c11-9d0b-0f6f8f9f6a10'],
});

export const messageId = z.uuidv7().meta({
  description: 'The same in every copy of a message: drop an id that was already handled.',
  examples: ['019aaf3c-7b1d-7c52-8e8b-3f6d1a2b4c5d'],
});

export const CURSOR_EXAMPLE = 'JaXhQ2tj78kh.hoe5751k1n';

export const cursor = z.string().meta({
  description: 'An opaque position in your mailbox. Keep it, hand it back, never build or parse one.',
  examples: [CURSOR_EXAMPLE],
});

export const callId = text(1, MAX_CALL_ID_CHARACTERS).meta({
  description: 'Names the call that the message belongs to, when a room sees more than one; chosen by the app.',
  examples: ['call-1'],
});
