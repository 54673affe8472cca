import type { ParticipantId } from './ids.ts';
import type { GoneReason, OutgoingMessage } from './message.ts';

/** Every refusal of the rules. `http/` maps each to a status; an unmapped code does not compile there. */
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
  /** With `participant-gone`: why the participant is gone. */
  readonly reason?: GoneReason;
  /** With `cursor-expired`: the acknowledged position, from which reading can start again. */
  readonly resetCursor?: string;
  /** With `recipient-not-found` and `mailbox-full`: the index of the message in its batch. */
  readonly messageIndex?: number;
  /** With `rate-limited`. */
  readonly limit?: ExceededLimit;
  /** With `storage-unavailable`: the store is full. */
  readonly isStoreFull?: true;
  readonly cause?: unknown;
}

export interface ExceededLimit {
  readonly name: 'messages' | 'joins' | 'authentication' | 'roster' | 'participants';
  readonly quota: number;
  /** Absent: departures free the quota, not time. */
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
    // perf: skips the stack trace, which takes 4 us and is never read. Each call ends with two refusals.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    Error.stackTraceLimit = limit;
    this.code = code;
    this.details = details;
  }
}

/** Whether the store temporarily refused an operation. */
export const isUnavailable = (error: unknown): error is SignallingError =>
  error instanceof SignallingError && error.code === 'storage-unavailable';

/** Whether the store refused an operation because it is full. */
export const isStoreFull = (error: unknown): boolean =>
  error instanceof SignallingError && error.details.isStoreFull === true;

// Credentials

const TOKEN_NEEDED =
  'Send the `token` of the join result as `Authorization: Bearer <token>`. ' +
  'A token that is unknown, or was replaced by a newer join, is refused.';

export const unauthenticated = (detail = TOKEN_NEEDED): SignallingError =>
  new SignallingError('unauthenticated', detail);

/** @param needs names the required credential, for the detail */
export const entryNeeds = (needs: string): SignallingError =>
  unauthenticated(`Joining needs ${needs} as \`Authorization: Bearer\`.`);

export const apiKeyNeeded = (): SignallingError =>
  unauthenticated('This is for trusted servers: send one of the API keys as `Authorization: Bearer <key>`.');

const FORBIDDEN = {
  'other-room': 'This token belongs to a participant of another room.',
  'access-token-of-other-room': 'This access token is for another room.',
  'access-token': 'An access token serves to join. Use the `token` of the join result from then on.',
  'api-key':
    'An API key joins, lists, removes and closes; it neither sends nor receives. Use the `token` of a join result.',
  'no-api-key': 'This is for trusted servers: it needs one of the API keys.',
  'other-participant': 'A token removes its own participant only.',
  'token-of-another': 'This token belongs to another participant. Join without it, or with its own `participantId`.',
} as const;

export const forbidden = (why: keyof typeof FORBIDDEN): SignallingError =>
  new SignallingError('forbidden', FORBIDDEN[why]);

export const accessTokenIsFor = (subject: ParticipantId): SignallingError =>
  new SignallingError(
    'forbidden',
    `This access token is for the participant "${subject}"; leave \`participantId\` out, or send that.`,
  );

export const accessTokenUnusable = (fault: string): SignallingError =>
  new SignallingError('forbidden', `The access token cannot be used: ${fault}.`);

/** Refuses a live token that joins in closed mode as another participant. */
export function tokenIsForItsOwn(participantId: ParticipantId | undefined, needs: string): SignallingError {
  const own =
    participantId === undefined
      ? 'This token lets only its own participant join again: send its `participantId`, or `resume: true`.'
      : 'This token belongs to another participant, and serves only with its own `participantId`.';
  return new SignallingError('forbidden', `${own} Anybody else needs ${needs}.`);
}

// Rooms and participants

export const participantExists = (participantId: ParticipantId): SignallingError =>
  new SignallingError(
    'participant-exists',
    `There is a participant "${participantId}" in this room. Send its token to take over, choose another participantId, or wait for its idle timeout.`,
  );

export const roomFull = (maxParticipants: number): SignallingError =>
  new SignallingError('room-full', `This room has its ${maxParticipants} participants. Try again when one has left.`);

export const participantGone = (reason: GoneReason): SignallingError =>
  new SignallingError('participant-gone', `This participant is no longer in the room (${reason}). Join again.`, {
    reason,
  });

// Polls

export const invalidCursor = (): SignallingError =>
  new SignallingError(
    'invalid-cursor',
    'The cursor cannot be read. Send back a `cursor` exactly as a reply gave it, or leave it out to read everything unacknowledged.',
  );

const CURSOR_EXPIRED = {
  ahead: 'is ahead of this mailbox',
  behind: 'is behind what this mailbox has acknowledged',
  foreign: 'belongs to another mailbox, or to this one before a new join',
} as const;

export const cursorExpiredError = (why: keyof typeof CURSOR_EXPIRED, resetCursor: string): SignallingError =>
  new SignallingError(
    'cursor-expired',
    `The cursor ${CURSOR_EXPIRED[why]}. Continue from \`resetCursor\`, and renegotiate: messages may have been missed.`,
    { resetCursor },
  );

export const pollSuperseded = (): SignallingError =>
  new SignallingError(
    'poll-superseded',
    'A newer poll of this mailbox took over. Nothing is lost; keep one poll in flight.',
  );

export const tooManyPolls = (): SignallingError =>
  new SignallingError('too-many-polls', 'This server holds as many polls as it may. Try again, or poll with `wait=0`.');

// Limits

const RATE_LIMITED: Record<ExceededLimit['name'], (quota: number) => string> = {
  messages: () =>
    'This participant sends more messages than the server allows. Nothing was stored; try again in a moment.',
  joins: () =>
    'More joins than the server allows came from this client address, or for this subject. Try again in a moment.',
  authentication: () =>
    'Too many requests from this client address carried no valid credential. Try again in a moment.',
  roster: () =>
    'This participant reads the roster more often than the server allows. Joins and departures arrive as messages; try again in a moment.',
  participants: (quota) =>
    `This client address has ${quota} participants, as many as the server allows. Try again when some of them have left.`,
};

export const rateLimited = (limit: ExceededLimit): SignallingError =>
  new SignallingError('rate-limited', RATE_LIMITED[limit.name](limit.quota), { limit });

export const recipientNotFound = (recipient: ParticipantId, messageIndex: number): SignallingError =>
  new SignallingError('recipient-not-found', `There is no participant "${recipient}" in this room now.`, {
    messageIndex,
  });

export const mailboxFull = ({ recipient }: OutgoingMessage, messageIndex: number): SignallingError =>
  new SignallingError(
    'mailbox-full',
    recipient === undefined
      ? 'The mailboxes of all other participants are full. Try again when they have read.'
      : `The mailbox of "${recipient}" is full. Try again when it has been read.`,
    { messageIndex },
  );

export const idempotencyKeyReused = (): SignallingError =>
  new SignallingError(
    'idempotency-key-reused',
    'This Idempotency-Key came with another body before. Use a new key for a new request.',
  );

// The store

export const storeFull = (): SignallingError =>
  new SignallingError(
    'storage-unavailable',
    'The message store is full. Try again when messages were read or have expired.',
    { isStoreFull: true },
  );

export const storeUnavailable = (cause: unknown): SignallingError =>
  new SignallingError('storage-unavailable', 'The message store cannot take this now. Try again.', { cause });

const NOT_DELIVERING = {
  late: 'A message that the service sent to itself was not delivered within 2 s.',
  failed: 'The service cannot send itself a message.',
  'no-answer': 'A poll of the service was not answered in time.',
  ended: 'A poll of the service ended before its message came.',
} as const;

/** The service does not deliver the messages that it sends to itself. */
export const notDelivering = (why: keyof typeof NOT_DELIVERING, cause?: unknown): SignallingError =>
  new SignallingError('storage-unavailable', NOT_DELIVERING[why], { cause });

const NOT_RETAINING = {
  eviction: 'The message store may drop messages before their time: maxmemory-policy of Redis must be noeviction.',
  format: 'The message store holds records that another version of Holdline wrote.',
} as const;

/** The store may lose its records, or does not understand them. */
export const notRetaining = (why: keyof typeof NOT_RETAINING, cause: unknown): SignallingError =>
  new SignallingError('storage-unavailable', NOT_RETAINING[why], { cause });

export const withoutCause = ({ code, message }: SignallingError): SignallingError => new SignallingError(code, message);
