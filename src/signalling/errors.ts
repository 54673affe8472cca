import type { GoneReason } from './message.ts';

/** Every refusal that the rules know. The edge maps each to a status; an unmapped code does not compile there. */
export type SignallingCode =
  | 'unauthenticated'
  | 'forbidden'
  | 'participant-exists'
  | 'room-full'
  | 'participant-gone'
  | 'invalid-cursor'
  | 'cursor-expired'
  | 'poll-superseded'
  | 'too-many-polls'
  | 'rate-limited'
  | 'recipient-not-found'
  | 'mailbox-full'
  | 'idempotency-key-reused'
  | 'storage-unavailable';

export interface SignallingErrorDetails {
  /** With `participant-gone`: how the participant went. */
  readonly reason?: GoneReason;
  /** With `cursor-expired`: the acknowledged position, from which reading can start again. */
  readonly resetCursor?: string;
  /** With `recipient-not-found` and `mailbox-full`: the index of the message in its batch. */
  readonly messageIndex?: number;
  /** With `rate-limited`: the budget, and when to try again. */
  readonly budget?: SpentBudget;
  /** With `storage-unavailable`: the store is full. */
  readonly isStoreFull?: true;
  readonly cause?: unknown;
}

/** What somebody who has used up a budget is told of it. */
export interface SpentBudget {
  readonly name: string;
  readonly quota: number;
  /** Absent: departures refill it, not time. */
  readonly windowSeconds?: number;
  readonly remaining: number;
  readonly retryAfterSeconds: number;
}

/** A refusal by the rules, as a value with a literal code; never a bug. */
export class SignallingError extends Error {
  override readonly name = 'SignallingError';
  readonly code: SignallingCode;
  readonly details: SignallingErrorDetails;

  constructor(code: SignallingCode, message: string, details: SignallingErrorDetails = {}) {
    // Nobody reads where a refusal came from, and each call ends with two: a stack takes 4 us.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    Error.stackTraceLimit = limit;
    this.code = code;
    this.details = details;
  }
}

export const participantGone = (reason: GoneReason): SignallingError =>
  new SignallingError('participant-gone', `This participant is no longer in the room (${reason}). Join again.`, {
    reason,
  });

/** Whether the store temporarily refused an operation. */
export const isUnavailable = (error: unknown): error is SignallingError =>
  error instanceof SignallingError && error.code === 'storage-unavailable';
