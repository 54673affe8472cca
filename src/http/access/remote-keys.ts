import { errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../signalling/clock.ts';
import { SignallingError } from '../../signalling/errors.ts';
import { fetchKeys } from './key-document.ts';

/** A withdrawn key is trusted no longer than this, as long as the address answers. */
const FRESH_MS = 600_000;
/** A flood of tokens that name unknown keys makes us ask no more often than this, nor do keys whose address failed. */
const AGAIN_AFTER_MS = 30_000;
/** While no key is known at all, a failing address is asked this often. */
const RETRY_AFTER_MS = 1_000;

/**
 * The published keys of access tokens (RFC 7517), fetched when first needed. They are fetched anew when a token names a key
 * that is not among them, and every ten minutes; while the address does not answer, those known stay good. (Those of `jose`
 * itself are dropped then, and a new key is not looked for within half a minute of any fetch.)
 */
export class RemoteKeys {
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
   * Fetches the keys at once when the token names an unknown one. During the pause after a fetch the key may have been
   * published meanwhile, so that the token can be neither accepted nor refused.
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
    if (found === undefined) throw unavailable();
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

  /** One request at a time serves all who wait. */
  async #fetch(): Promise<JWTVerifyGetKey> {
    if (this.#clock.steadyMs() < this.#retryFromMs) throw unavailable();
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
      throw unavailable();
    }
  }
}

/** @returns undefined when the token's key is not among them */
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

export const unavailable = (): SignallingError =>
  new SignallingError(
    'storage-unavailable',
    'The keys by which access tokens are verified cannot be had now, so this one can be neither accepted nor refused. Try again.',
  );
