import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../signalling/clock.ts';
import { SignallingError } from '../../signalling/errors.ts';

/** A withdrawn key is trusted no longer than this, as long as the address answers. */
const FRESH_MS = 600_000;
/** Tokens signed with unknown keys make us ask for new ones; a flood of them asks no more often than this. */
const SEARCH_EVERY_MS = 30_000;
/** Nor is an address that fails asked more often than this. */
const RETRY_AFTER_MS = 1_000;
const TIMEOUT_MS = 5_000;

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

  /** @throws SignallingError `storage-unavailable` when the keys cannot be had; JOSEError when the token's is not among them */
  readonly get: JWTVerifyGetKey = async (header, token) => {
    const keys = this.#keys ?? (await this.#fetch());
    // Nobody waits for it: what is known serves meanwhile.
    if (this.#clock.steadyMs() >= this.#staleFromMs) void this.#fetch().catch(() => undefined);
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#clock.steadyMs() < this.#searchFromMs) throw error;
      const newer = await this.#fetch();
      this.#searchFromMs = this.#clock.steadyMs() + SEARCH_EVERY_MS;
      return newer(header, token);
    }
  };

  /** One request at a time serves all who wait. */
  async #fetch(): Promise<JWTVerifyGetKey> {
    if (this.#clock.steadyMs() < this.#retryFromMs) throw unavailable();
    this.#fetching ??= this.#load().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #load(): Promise<JWTVerifyGetKey> {
    try {
      const response = await fetch(this.#url, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`the address answered ${response.status}`);
      // Judged by `createLocalJWKSet`.
      this.#keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
      this.#staleFromMs = this.#clock.steadyMs() + FRESH_MS;
      return this.#keys;
    } catch (error) {
      this.#retryFromMs = this.#clock.steadyMs() + RETRY_AFTER_MS;
      this.#onError(error);
      throw unavailable();
    }
  }
}

export const unavailable = (): SignallingError =>
  new SignallingError(
    'storage-unavailable',
    'The keys by which access tokens are verified cannot be had now, so this one can be neither accepted nor refused. Try again.',
  );
