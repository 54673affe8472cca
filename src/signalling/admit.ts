import { forbidden, isLive, requireParticipant, unauthenticated } from './authorize.ts';
import type { AccessGrant, Bearer, Credential } from './credential.ts';
import type { ParticipantId, RoomId } from './ids.ts';
import type { Join } from './store.ts';

/** Who may join: `open` is whoever knows the room's name; `closed` names what else is needed, for those who lack it. */
export type JoinPolicy = { readonly kind: 'open' } | { readonly kind: 'closed'; readonly needs: string };

export interface JoinRequest {
  readonly roomId: RoomId;
  readonly participantId?: ParticipantId;
  readonly resume: boolean;
  readonly profile: Join['profile'];
  /** Where it comes from: pays for a join that no subject and no key pays for. */
  readonly source: string;
}

/** As what a join goes to the store. */
export interface Admission {
  /** Absent: a new participant. */
  readonly participantId: ParticipantId | undefined;
  readonly proof: Join['proof'];
  readonly profile: Join['profile'];
  /** Tells apart the callers of one idempotency key. */
  readonly scope: string;
  /** Whose budget of joins it is charged to; absent: nobody's. */
  readonly payer: string | undefined;
  /** Open mode only: the client address whose limit of live participants applies. */
  readonly countedFor?: {
    readonly address: string;
    /** A new participant, refused when the address is at its limit. A takeover is not refused. */
    readonly isNew: boolean;
  };
}

/**
 * What can be judged before the body is known: whether the credential lets anyone at all into the room.
 * @throws SignallingError `unauthenticated`, `participant-gone`, `forbidden`
 */
export function requireEntry(credential: Credential, roomId: RoomId, policy: JoinPolicy): void {
  if (credential.kind === 'participant') requireOwnRoom(credential, roomId, policy);
  else if (credential.kind === 'none') {
    if (policy.kind === 'closed') throw unauthenticated(`Joining needs ${policy.needs} as \`Authorization: Bearer\`.`);
  } else if (credential.kind === 'access-token' && credential.room !== '*' && credential.room !== roomId) {
    throw forbidden('This access token is for another room.');
  }
}

/** In open mode a dead token counts as absent, and so does a replaced one elsewhere. */
function requireOwnRoom(bearer: Bearer, roomId: RoomId, policy: JoinPolicy): void {
  if (bearer.state === 'replaced' && bearer.roomId === roomId) return;
  if (isLive(bearer.state) || policy.kind === 'closed') requireParticipant(bearer, roomId);
}

/**
 * What the credential makes of the request.
 * @throws SignallingError `unauthenticated`, `participant-gone`, `forbidden`
 */
export function admit(request: JoinRequest, credential: Credential, policy: JoinPolicy): Admission {
  requireEntry(credential, request.roomId, policy);
  switch (credential.kind) {
    case 'access-token':
      return admitSubject(request, credential);
    case 'api-key':
      return { ...named(request), proof: { kind: 'trusted' }, scope: `api-key:${credential.name}`, payer: undefined };
    case 'participant':
      return admitBearer(request, credential, policy);
    case 'none':
      return admitStranger(request);
  }
}

const named = ({ participantId, profile }: JoinRequest) => ({ participantId, profile });

function admitSubject(request: JoinRequest, { subject, profile }: AccessGrant): Admission {
  if (request.participantId !== undefined && request.participantId !== subject) {
    throw forbidden(
      `This access token is for the participant "${subject}"; leave \`participantId\` out, or send that.`,
    );
  }
  return {
    participantId: subject,
    proof: { kind: 'trusted' },
    profile: { ...request.profile, ...profile },
    scope: `subject:${subject}`,
    payer: `subject:${subject}`,
  };
}

/** A token lets its own participant join again; where anyone may join, also as somebody new. */
function admitBearer(request: JoinRequest, bearer: Bearer, policy: JoinPolicy): Admission {
  const isItself =
    (request.participantId ?? (request.resume ? bearer.participantId : undefined)) === bearer.participantId;
  const isNew = request.participantId === undefined && !request.resume && policy.kind === 'open';
  if (bearer.state !== 'gone' && bearer.roomId === request.roomId && (isItself || isNew)) {
    return {
      participantId: isItself ? bearer.participantId : undefined,
      proof: { kind: 'token', handle: bearer.handle, ...(policy.kind === 'closed' && { mustBePresent: true }) },
      profile: request.profile,
      scope: bearer.handle,
      ...(policy.kind === 'open'
        ? { payer: request.source, countedFor: { address: request.source, isNew: !isItself } }
        : { payer: `participant:${bearer.roomId}/${bearer.participantId}` }),
    };
  }
  if (isLive(bearer.state)) throw forbidden(whatElse(request, policy));
  if (policy.kind === 'closed') throw unauthenticated();
  return admitStranger(request);
}

/** For whom a live token is good, and what others need. */
function whatElse({ participantId }: JoinRequest, policy: JoinPolicy): string {
  if (policy.kind === 'open')
    return 'This token belongs to another participant. Join without it, or with its own `participantId`.';
  const own =
    participantId === undefined
      ? 'This token lets only its own participant join again: send its `participantId`, or `resume: true`.'
      : 'This token belongs to another participant, and serves only with its own `participantId`.';
  return `${own} Anybody else needs ${policy.needs}.`;
}

const admitStranger = (request: JoinRequest): Admission => ({
  ...named(request),
  proof: { kind: 'none' },
  scope: '',
  payer: request.source,
  countedFor: { address: request.source, isNew: true },
});
