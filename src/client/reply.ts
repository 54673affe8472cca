import { retryAfterMs } from './backoff.ts';
import type { FetchReply } from './platform.ts';

/** A response, read to its end. */
export interface Reply {
  readonly status: number;
  readonly mediaType: string;
  /** `WWW-Authenticate` */
  readonly challenge: string;
  readonly retryAfterMs: number;
  /** `undefined` when it is not JSON. */
  readonly body: unknown;
}

export async function readReply(reply: FetchReply): Promise<Reply> {
  const { status, headers } = reply;
  return {
    status,
    mediaType: headers.get('Content-Type')?.split(';')[0] ?? 'without a media type',
    challenge: headers.get('WWW-Authenticate') ?? '',
    retryAfterMs: retryAfterMs(headers.get('Retry-After')),
    body: parse(await reply.text()),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 6750, section 3.1: a server that saw a credential and refuses it says so by `error`. */
export const lacksCredential = ({ challenge }: Reply): boolean => /^bearer\b(?!.*\berror=)/i.test(challenge);

/** What came instead of an answer of Holdline. */
export const textOfForeign = ({ status, mediaType }: Reply): string =>
  `answered with ${status} ${mediaType}, not by Holdline${status === 401 ? ', but by a login in front of it' : ''}`;
