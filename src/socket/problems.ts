import type { RenderedProblem } from '../signalling/socket-request.ts';
import type { ProblemCode } from '../wire/index.ts';

const ENDS_READING = new Set<ProblemCode>(['invalid-cursor', 'cursor-expired', 'poll-superseded', 'too-many-polls']);

/** Whether the problem ends the reading only; the socket stays. */
export const endsReading = ({ code }: RenderedProblem): boolean => ENDS_READING.has(code);

const CLOSE_CODES: Partial<Record<ProblemCode, number>> = {
  'invalid-request': 4400,
  unauthenticated: 4401,
  // Only a failed hello counts towards a limit.
  'rate-limited': 4401,
  forbidden: 4403,
  'participant-gone': 4410,
  'shutting-down': 1012,
  'storage-unavailable': 1013,
};
const TOKEN_REPLACED = 4401;
const INTERNAL_ERROR = 1011;

/** A newer socket of the mailbox took its place. */
export const DISPLACED = 4409;

export const closeCodeOf = ({ code, reason }: RenderedProblem): number =>
  reason === 'replaced' ? TOKEN_REPLACED : (CLOSE_CODES[code] ?? INTERNAL_ERROR);
