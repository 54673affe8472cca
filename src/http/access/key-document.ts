import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../signalling/clock.ts';

/** Covers the request and the whole response. */
const TIMEOUT_MS = 5_000;
/** Key documents of identity providers take a few KB. */
const MAX_BYTES = 256 * 1024;

/** Fetches a key document (RFC 7517, section 5), bounded in time and size. */
export async function fetchKeys(url: string, clock: Clock): Promise<JWTVerifyGetKey> {
  const abort = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () =>
    abort.abort(new Error(`the address has not answered in full within ${TIMEOUT_MS / 1_000} s`)),
  );
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'error',
      signal: abort.signal,
    });
    if (!response.ok) throw new Error(`the address answered ${response.status}`);
    // `createLocalJWKSet` validates it.
    return createLocalJWKSet(JSON.parse(await textOf(response)) as JSONWebKeySet);
  } finally {
    cancel();
    // Closes a connection whose response was not read to its end.
    abort.abort();
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`the key document has more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
