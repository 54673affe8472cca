import type { IncomingMessage } from 'node:http';
import type { Bearer } from '../signalling/identify.ts';
import type { Signalling } from '../signalling/signalling.ts';

const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** Whose token the request carries (RFC 6750, section 2.1); `undefined` for none, and for one that nobody knows. */
export async function bearerOf(req: IncomingMessage, signalling: Signalling): Promise<Bearer | undefined> {
  const token = BEARER.exec(req.headers.authorization ?? '')?.[1];
  return token === undefined ? undefined : signalling.identify(token);
}
