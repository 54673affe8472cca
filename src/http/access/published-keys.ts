import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../signalling/clock.ts';
import { SignallingError } from '../../signalling/errors.ts';

/** Maximum time for which a withdrawn key stays trusted while the endpoint responds. */
const FRESH_MS = 600_000;
/**
 * Minimum time between fetches for unknown key ids (anyone can name one), and between attempts to refresh known keys.
 */
const AGAIN_AFTER_MS = 30_000;
/** Minimum time between fetches while no key is known. */
const RETRY_AFTER_MS = 1_000;
/** Covers the request and the whole response. */
const TIMEOUT_MS = 5_000;
/** Key documents of identity providers take a few KB. */
const MAX_BYTES = 256 * 1024;

/**
 * The published keys of access tokens (RFC 7517). They are fetched on first use, every ten minutes, and when a token
 * names an unknown key. Unlike with jose's remote set, known keys keep working while the endpoint is down, an unknown
 * key id is looked up even right after a refresh, and a failed fetch is not repeated for every request. See
 * docs/adr/0019-published-keys.md.
 */
export class PublishedKeys {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #keys: JWTVerifyGetKey | undefined;
  #fetching: Promise<JWTVerifyGetKey> | undefined;
  #staleFromMs = 0;
  #searchFromMs = 0;
  #retryFromMs = 0;

  constructor(url: string, clock: Clock, onError: (error: unknown) => void) {
    this.#url = url;
    this.#clock = clock;
    this.#onError = onError;
  }

  /**
   * Fetches the keys at once when the token names an unknown one. If the last such fetch was too recent, the key may
   * have been published since, so the token is neither accepted nor refused.
   * @throws SignallingError `storage-unavailable` when the keys cannot be fetched; JOSEError when none fits the token
   */
  readonly get: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#current();
    const known = await among(keys, header, token);
    if (known !== undefined) return known;
    if (this.#clock.steadyMs() >= this.#searchFromMs) {
      this.#searchFromMs = this.#clock.steadyMs() + AGAIN_AFTER_MS;
      const newer = await this.#fetch();
      return newer(header, token);
    }
    const found = this.#fetching && (await among(await this.#fetching, header, token));
    if (found === undefined) throw keysUnavailable();
    return found;
  };

  async #current(): Promise<JWTVerifyGetKey> {
    const known = this.#keys;
    if (known === undefined) return this.#fetch();
    if (this.#clock.steadyMs() < this.#staleFromMs) return known;
    return this.#fetch().catch(() => {
      this.#staleFromMs = this.#clock.steadyMs() + AGAIN_AFTER_MS;
      return known;
    });
  }

  /** All concurrent callers share one request. */
  async #fetch(): Promise<JWTVerifyGetKey> {
    if (this.#clock.steadyMs() < this.#retryFromMs) throw keysUnavailable();
    this.#fetching ??= this.#load().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #load(): Promise<JWTVerifyGetKey> {
    try {
      this.#keys = await fetchKeys(this.#url, this.#clock);
      this.#staleFromMs = this.#clock.steadyMs() + FRESH_MS;
      return this.#keys;
    } catch (error) {
      this.#retryFromMs = this.#clock.steadyMs() + RETRY_AFTER_MS;
      this.#onError(error);
      throw keysUnavailable();
    }
  }
}

/** @returns `undefined` when the token's key is not among them */
async function among(
  keys: JWTVerifyGetKey,
  ...token: Parameters<JWTVerifyGetKey>
): Promise<Awaited<ReturnType<JWTVerifyGetKey>> | undefined> {
  try {
    return await keys(...token);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined;
    throw error;
  }
}

export const keysUnavailable = (): SignallingError =>
  new SignallingError(
    'storage-unavailable',
    'The keys that verify access tokens are not available now, so this token can be neither accepted nor refused. Try again.',
  );

/** Fetches a key document (RFC 7517, section 5), bounded in time and size. */
async function fetchKeys(url: string, clock: Clock): Promise<JWTVerifyGetKey> {
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
    // Closes the connection if the response was not read to its end.
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
