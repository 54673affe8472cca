import type { Request } from 'express';
import { requireApiKey, requireParticipant, requireSelf } from '../../signalling/authorize.ts';
import { NO_CREDENTIAL, type Credential } from '../../signalling/credential.ts';
import { SignallingError } from '../../signalling/errors.ts';
import type { ParticipantId, RoomId } from '../../signalling/ids.ts';
import { UNGUESSABLE_CHARACTERS } from '../../signalling/limits.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { ProblemCode } from '../../wire/index.ts';
import type { AppContext } from '../context.ts';
import type { Operation, Security } from '../operations/index.ts';
import { RequestProblem } from '../response/request-problem.ts';

/** RFC 6750, section 2.1; API keys may hold any visible character. */
const BEARER = /^Bearer +(\S+)$/i;

/**
 * What the request proves. Participants come first: nearly every request is theirs.
 * @throws SignallingError `unauthenticated`, `forbidden`, `storage-unavailable`: see `Access.read`
 */
export async function authenticate(
  req: Request,
  roomId: RoomId,
  operation: Operation,
  context: AppContext,
): Promise<Credential> {
  const text = BEARER.exec(req.headers.authorization ?? '')?.[1];
  if (text === undefined) return NO_CREDENTIAL;
  return (
    (await context.signalling.identify(text, { roomHint: roomId, allowCached: operation.tag === 'messages' })) ??
    readAccess(text, req, context)
  );
}

/** A short key could be found by trying, so it is not even compared for a network that has failed too often. */
async function readAccess(
  text: string,
  req: Request,
  { access, failures, clientAddressOf }: AppContext,
): Promise<Credential> {
  const refusal = text.length < UNGUESSABLE_CHARACTERS ? failures.refusal(clientAddressOf(req)) : undefined;
  if (refusal !== undefined) throw refusal;
  return access.read(text);
}

/**
 * Charges a failed authentication, or an invalid request without a valid credential, to the client address; beyond the
 * limit the answer is 429. Requests with a valid credential are not affected: many users may share one address.
 */
export async function chargeFailure(
  error: unknown,
  req: Request,
  operation: Operation,
  context: AppContext,
): Promise<unknown> {
  const isCharged =
    (error instanceof SignallingError && error.code === 'unauthenticated') ||
    (error instanceof RequestProblem && INVALID.has(error.code) && (await isFromStranger(req, operation, context)));
  return (isCharged ? context.failures.charge(context.clientAddressOf(req)) : undefined) ?? error;
}

const INVALID = new Set<ProblemCode>(['invalid-request', 'invalid-json', 'too-large', 'unsupported-media-type']);

/** Whether an invalid request came without a valid credential. */
async function isFromStranger(req: Request, operation: Operation, context: AppContext): Promise<boolean> {
  if (operation.security === 'public') return false;
  const credential = await authenticate(req, (req.params.roomId ?? '') as RoomId, operation, context).catch(
    () => NO_CREDENTIAL,
  );
  if (credential.kind === 'access-token' || credential.kind === 'api-key') return false;
  return presentOf(credential) === undefined;
}

/** The participant whose credential it is, while it is in its room. */
export function presentOf(credential: Credential): Mailbox | undefined {
  return credential.kind === 'participant' && 'mailboxId' in credential ? credential : undefined;
}

/** What the path of a request names; empty for what it does not name. */
export interface PathIds {
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
}

/**
 * Refuses a credential that cannot do for this operation, whatever its body says.
 * @returns the participant that the caller must be
 * @throws SignallingError `unauthenticated`, `forbidden`, `participant-gone`
 */
export function authorize(
  security: Security,
  credential: Credential,
  { roomId, participantId }: PathIds,
  { signalling }: AppContext,
): Mailbox | undefined {
  switch (security) {
    case 'participant':
      return requireParticipant(credential, roomId);
    case 'self-or-api-key':
      return credential.kind === 'api-key' ? undefined : requireSelf(credential, roomId, participantId);
    case 'join':
      signalling.requireEntry(credential, roomId);
      return undefined;
    case 'api-key':
      requireApiKey(credential);
      return undefined;
    case 'participant-or-api-key': // The operation judges the credential itself.
    case 'public':
      return undefined;
  }
}
