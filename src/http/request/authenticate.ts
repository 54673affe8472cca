import type { Request } from 'express';
import { requireApiKey, requireParticipant, requireSelf } from '../../signalling/access.ts';
import { NO_CREDENTIAL, type Credential } from '../../signalling/credentials.ts';
import { whenReady, type Awaitable } from '../../signalling/deferred.ts';
import { SignallingError } from '../../signalling/errors.ts';
import type { RoomId } from '../../signalling/ids.ts';
import { UNGUESSABLE_CHARACTERS } from '../../signalling/limits.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { ProblemCode } from '../../wire/index.ts';
import type { AppContext } from '../context.ts';
import type { Operation, Security } from '../operations/index.ts';
import { RequestProblem } from '../response/request-problem.ts';
import type { PathIds } from './call.ts';

/** RFC 6750, section 2.1; API keys may hold any visible character. */
const BEARER = /^Bearer +(\S+)$/i;

/**
 * Identifies the credential of a request. Looks up participants' tokens first, since nearly every request carries one.
 * @param roomId the room in the path, to which a token usually belongs
 * @throws SignallingError `unauthenticated`, `forbidden`, `storage-unavailable`: see `Access.read`
 */
export function authenticate(
  req: Request,
  { allowCachedToken }: Operation,
  roomId: RoomId | undefined,
  context: AppContext,
): Awaitable<Credential> {
  const text = tokenOf(req);
  if (text === undefined) return NO_CREDENTIAL;
  return identifyText(text, { req, roomId, allowCached: allowCachedToken === true }, context);
}

interface Presented {
  readonly req: Request;
  readonly roomId: RoomId | undefined;
  readonly allowCached: boolean;
}

function identifyText(
  text: string,
  { req, roomId: roomHint, allowCached }: Presented,
  context: AppContext,
): Awaitable<Credential> {
  const bearer = context.signalling.identify(text, { roomHint, allowCached });
  return whenReady(bearer, (found) => found ?? readAccess(text, req, context));
}

/**
 * Judges the token of a socket as each of its requests would be.
 * @throws SignallingError `unauthenticated`, `forbidden`, `participant-gone`, `storage-unavailable`
 */
export const judgeToken = (token: string, req: Request, roomId: RoomId, context: AppContext): Awaitable<Mailbox> =>
  whenReady(identifyText(token, { req, roomId, allowCached: true }, context), (credential) =>
    requireParticipant(credential, roomId),
  );

/** The credential as it was sent. */
export const tokenOf = (req: Request): string | undefined => BEARER.exec(req.headers.authorization ?? '')?.[1];

/** Refuses to compare a short key, which could be guessed, once the client address has failed too often. */
function readAccess(text: string, req: Request, context: AppContext): Awaitable<Credential> {
  const { access, failures, clientAddressOf } = context;
  const refusal = text.length < UNGUESSABLE_CHARACTERS ? failures.check(clientAddressOf(req)) : undefined;
  if (refusal !== undefined) throw refusal;
  return access.read(text);
}

/** A request that was refused. */
interface Refused {
  readonly req: Request;
  readonly operation: Operation;
  /** The room of the path, as far as it was checked. */
  readonly roomId: RoomId | undefined;
}

/**
 * Charges a failed authentication, or an invalid request without a valid credential, to the client address. Requests
 * with a valid credential are not affected: many users may share one address.
 * @returns the error to answer with: `rate-limited` once the address is over the limit
 */
export async function chargeFailure(error: unknown, refused: Refused, context: AppContext): Promise<unknown> {
  const isCharged =
    (error instanceof SignallingError && error.code === 'unauthenticated') ||
    (error instanceof RequestProblem && INVALID.has(error.code) && (await isFromStranger(refused, context)));
  return (isCharged ? context.failures.consume(context.clientAddressOf(refused.req)) : undefined) ?? error;
}

const INVALID = new Set<ProblemCode>(['invalid-request', 'invalid-json', 'too-large', 'unsupported-media-type']);

/** Whether an invalid request came without a valid credential. */
async function isFromStranger({ req, operation, roomId }: Refused, context: AppContext): Promise<boolean> {
  if (operation.security === 'public') return false;
  const credential = await credentialOf({ req, operation, roomId }, context).catch(() => NO_CREDENTIAL);
  if (credential.kind === 'access-token' || credential.kind === 'api-key') return false;
  return presentOf(credential) === undefined;
}

const credentialOf = async ({ req, operation, roomId }: Refused, context: AppContext): Promise<Credential> =>
  authenticate(req, operation, roomId, context);

/** Returns the credential's participant while it is in its room. */
export function presentOf(credential: Credential): Mailbox | undefined {
  return credential.kind === 'participant' && 'mailboxId' in credential ? credential : undefined;
}

/**
 * Refuses a credential that this operation does not accept, whatever the body contains.
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
      return requireParticipant(credential, named(roomId));
    case 'participant-or-hello':
      return credential.kind === 'none' ? undefined : requireParticipant(credential, named(roomId));
    case 'self-or-api-key':
      return credential.kind === 'api-key' ? undefined : requireSelf(credential, named(roomId), named(participantId));
    case 'join':
      signalling.requireEntry(credential, named(roomId));
      return undefined;
    case 'api-key':
      requireApiKey(credential);
      return undefined;
    case 'participant-or-api-key': // The operation judges the credential itself.
    case 'public':
      return undefined;
  }
}

/** An id that the path of a row with this security must have. */
function named<Id>(id: Id | undefined): Id {
  if (id === undefined) throw new Error('the path of this operation does not name what its security needs');
  return id;
}
