import type { Request } from 'express';
import { requireApiKey, requireParticipant } from '../signalling/authorize.ts';
import { NO_CREDENTIAL, type Credential } from '../signalling/credential.ts';
import type { RoomId } from '../signalling/ids.ts';
import type { Mailbox } from '../signalling/message.ts';
import type { Edge } from './edge.ts';
import type { Security } from './operations.ts';

/** RFC 6750, section 2.1; API keys may hold any visible character. */
const BEARER = /^Bearer +(\S+)$/i;

/** What the request proves. Participants come first: nearly every request is theirs. */
export async function authenticate(req: Request, edge: Edge): Promise<Credential> {
  const text = BEARER.exec(req.headers.authorization ?? '')?.[1];
  if (text === undefined) return NO_CREDENTIAL;
  return (await edge.signalling.identify(text)) ?? NO_CREDENTIAL;
}

/**
 * Refuses a credential that cannot do for this operation, whatever its body says.
 * @returns the participant that the caller must be
 * @throws SignallingError `unauthenticated`, `forbidden`, `participant-gone`
 */
export function authorize(
  security: Security,
  credential: Credential,
  roomId: RoomId,
  { signalling }: Edge,
): Mailbox | undefined {
  switch (security) {
    case 'participant':
      return requireParticipant(credential, roomId);
    case 'join':
      signalling.requireEntry(credential, roomId);
      return undefined;
    case 'api-key':
      requireApiKey(credential);
      return undefined;
    case 'participant-or-api-key': // Which participant is the operation's own affair.
    case 'public':
      return undefined;
  }
}
