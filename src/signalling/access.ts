import type { AccessGrant, Bearer, Credential } from './credentials.ts';
import {
  accessTokenIsFor,
  apiKeyNeeded,
  entryNeeds,
  forbidden,
  participantGone,
  tokenIsForItsOwn,
  unauthenticated,
} from './errors.ts';
import type { ParticipantId, RoomId } from './ids.ts';
import type { Mailbox } from './message.ts';
import type { Join, StoredToken } from './store.ts';

/**
 * @returns the mailbox of the participant that the credential identifies
 * @throws SignallingError `unauthenticated`, `participant-gone`, `forbidden` (valid, but of another room or kind)
 */
export function requireParticipant(credential: Credential, roomId: RoomId): Mailbox {
  if (credential.kind === 'participant') {
    if (credential.state === 'gone' && credential.roomId === roomId) throw participantGone(credential.reason);
    if (credential.state === 'gone' || credential.state === 'replaced') throw unauthenticated();
    if (credential.roomId !== roomId) throw forbidden('other-room');
    const { participantId, mailboxId, fencingToken } = credential;
    return { roomId, participantId, mailboxId, fencingToken };
  }
  if (credential.kind === 'none') throw unauthenticated();
  throw forbidden(credential.kind);
}

/**
 * Accepts only the credential of `participantId` itself.
 * @returns `undefined` for a token that has outlived this participant
 * @throws SignallingError `unauthenticated`, `participant-gone` (another participant), `forbidden`
 */
export function requireSelf(credential: Credential, roomId: RoomId, participantId: ParticipantId): Mailbox | undefined {
  const isSelf =
    credential.kind === 'participant' && credential.roomId === roomId && credential.participantId === participantId;
  if (isSelf && credential.state === 'gone') return undefined;
  const caller = requireParticipant(credential, roomId);
  if (!isSelf) throw forbidden('other-participant');
  return caller;
}

/** @throws SignallingError `unauthenticated`, `forbidden` (valid, but no API key) */
export function requireApiKey(credential: Credential): void {
  if (credential.kind === 'api-key') return;
  const isValid = credential.kind === 'access-token' || (credential.kind === 'participant' && isLive(credential.state));
  if (isValid) throw forbidden('no-api-key');
  throw apiKeyNeeded();
}

const isLive = (state: StoredToken['state']): boolean => state === 'fresh' || state === 'used';

/** `open`: the room's name is enough to join. `closed`: a refusal names the required credential with `needs`. */
export type JoinPolicy = { readonly kind: 'open' } | { readonly kind: 'closed'; readonly needs: string };

export interface JoinRequest {
  readonly roomId: RoomId;
  readonly participantId?: ParticipantId;
  readonly resume: boolean;
  readonly profile: Join['profile'];
  /** The rate-limit key of a join without an access token or API key. */
  readonly clientAddress: string;
}

/** The store request derived from credential and policy. */
export interface Admission {
  /** Absent: a new participant. */
  readonly participantId: ParticipantId | undefined;
  readonly proof: Join['proof'];
  readonly profile: Join['profile'];
  /** Distinguishes the callers that use one idempotency key. */
  readonly caller: string;
  /** Undefined: not rate-limited. */
  readonly rateLimitKey: string | undefined;
  /** Open mode only: the client address whose limit of live participants applies. */
  readonly countedFor?: {
    readonly address: string;
    /** True for a new participant. The limit does not apply to a takeover. */
    readonly isNew: boolean;
  };
}

/**
 * Checks whether the credential can admit any participant to the room, before the body is read.
 * @throws SignallingError `unauthenticated`, `participant-gone`, `forbidden`
 */
export function requireEntry(credential: Credential, roomId: RoomId, policy: JoinPolicy): void {
  if (credential.kind === 'participant') requireOwnRoom(credential, roomId, policy);
  else if (credential.kind === 'none') {
    if (policy.kind === 'closed') throw entryNeeds(policy.needs);
  } else if (credential.kind === 'access-token' && credential.room !== '*' && credential.room !== roomId) {
    throw forbidden('access-token-of-other-room');
  }
}

/** Open mode ignores the token of a departed participant, and a replaced token of another room. */
function requireOwnRoom(bearer: Bearer, roomId: RoomId, policy: JoinPolicy): void {
  if (bearer.state === 'replaced' && bearer.roomId === roomId) return;
  if (isLive(bearer.state) || policy.kind === 'closed') requireParticipant(bearer, roomId);
}

/**
 * Derives the store request from the credential.
 * @throws SignallingError `unauthenticated`, `participant-gone`, `forbidden`
 */
export function admit(request: JoinRequest, credential: Credential, policy: JoinPolicy): Admission {
  requireEntry(credential, request.roomId, policy);
  switch (credential.kind) {
    case 'access-token':
      return admitSubject(request, credential);
    case 'api-key':
      return {
        ...named(request),
        proof: { kind: 'trusted' },
        caller: `api-key:${credential.name}`,
        rateLimitKey: undefined,
      };
    case 'participant':
      return admitBearer(request, credential, policy);
    case 'none':
      return admitStranger(request);
  }
}

const named = ({ participantId, profile }: JoinRequest) => ({ participantId, profile });

function admitSubject(request: JoinRequest, { subject, profile }: AccessGrant): Admission {
  if (request.participantId !== undefined && request.participantId !== subject) {
    throw accessTokenIsFor(subject);
  }
  return {
    participantId: subject,
    proof: { kind: 'trusted' },
    profile: { ...request.profile, ...profile },
    caller: `subject:${subject}`,
    rateLimitKey: `subject:${subject}`,
  };
}

/** A token lets its participant join again. In open mode, its holder may also join as a new participant. */
function admitBearer(request: JoinRequest, bearer: Bearer, policy: JoinPolicy): Admission {
  const isItself =
    (request.participantId ?? (request.resume ? bearer.participantId : undefined)) === bearer.participantId;
  const isNew = request.participantId === undefined && !request.resume && policy.kind === 'open';
  if (bearer.state !== 'gone' && bearer.roomId === request.roomId && (isItself || isNew)) {
    return {
      participantId: isItself ? bearer.participantId : undefined,
      proof: { kind: 'token', handle: bearer.handle, ...(policy.kind === 'closed' && { mustBePresent: true }) },
      profile: request.profile,
      caller: bearer.handle,
      ...(policy.kind === 'open'
        ? { rateLimitKey: request.clientAddress, countedFor: { address: request.clientAddress, isNew: !isItself } }
        : { rateLimitKey: `participant:${bearer.roomId}/${bearer.participantId}` }),
    };
  }
  if (isLive(bearer.state)) {
    throw policy.kind === 'open'
      ? forbidden('token-of-another')
      : tokenIsForItsOwn(request.participantId, policy.needs);
  }
  if (policy.kind === 'closed') throw unauthenticated();
  return admitStranger(request);
}

const admitStranger = (request: JoinRequest): Admission => ({
  ...named(request),
  proof: { kind: 'none' },
  caller: '',
  rateLimitKey: request.clientAddress,
  countedFor: { address: request.clientAddress, isNew: true },
});
