import { hash, timingSafeEqual } from 'node:crypto';
import type { JoinPolicy } from '../../signalling/access.ts';
import type { Clock } from '../../signalling/clock.ts';
import { NO_CREDENTIAL, type ApiKey, type Credential } from '../../signalling/credentials.ts';
import { whenReady, type Awaitable } from '../../signalling/deferred.ts';
import { AccessTokens, type KeySource } from './access-tokens.ts';

export interface AccessSettings {
  readonly accessTokenSecret: string | undefined;
  readonly accessTokenJwksUrl: string | undefined;
  readonly accessTokenAudience: string | undefined;
  readonly apiKeys: readonly string[] | undefined;
}

/** Credentials that the operator issues: access tokens, API keys, both, or none, which is open mode. */
export class Access {
  readonly joinPolicy: JoinPolicy;
  readonly #accessTokens: AccessTokens | undefined;
  readonly #apiKeys: ApiKeys;

  /**
   * @param onError called with the reason when the keys of access tokens are unavailable
   * @param ownKey the API key of this process itself; it does not end open mode
   */
  constructor(settings: AccessSettings, clock: Clock, onError: (error: unknown) => void, ownKey: string) {
    const source = sourceOf(settings);
    const audience = settings.accessTokenAudience;
    this.#accessTokens = source && new AccessTokens({ source, audience, clock, onError });
    this.#apiKeys = new ApiKeys([...(settings.apiKeys ?? []), ownKey]);
    const needs = [...(source ? ['an access token'] : []), ...(settings.apiKeys ? ['an API key'] : [])];
    this.joinPolicy = needs.length === 0 ? { kind: 'open' } : { kind: 'closed', needs: needs.join(' or ') };
  }

  /** @throws SignallingError see `AccessTokens.read` */
  read(text: string): Awaitable<Credential> {
    const found: Awaitable<Credential | undefined> = this.#apiKeys.find(text) ?? this.#accessTokens?.read(text);
    return whenReady(found, (credential) => credential ?? NO_CREDENTIAL);
  }
}

function sourceOf({ accessTokenSecret, accessTokenJwksUrl }: AccessSettings): KeySource | undefined {
  if (accessTokenSecret !== undefined) return { secret: accessTokenSecret };
  return accessTokenJwksUrl === undefined ? undefined : { jwksUrl: accessTokenJwksUrl };
}

interface Stored {
  readonly digest: Buffer;
  readonly credential: ApiKey;
}

const digestOf = (key: string): Buffer => hash('sha256', key, 'buffer');

/** API keys, stored as hashes so that neither a heap dump nor the duration of a comparison reveals a key. */
class ApiKeys {
  readonly #stored: readonly Stored[];

  constructor(keys: readonly string[]) {
    this.#stored = keys.map((key) => {
      const digest = digestOf(key);
      return { digest, credential: { kind: 'api-key', name: digest.toString('base64url', 0, 9) } };
    });
  }

  /** Always compares with every key, so that the time does not depend on which one matches. */
  find(text: string): ApiKey | undefined {
    const given = digestOf(text);
    let found: ApiKey | undefined;
    for (const { digest, credential } of this.#stored) if (timingSafeEqual(digest, given)) found = credential;
    return found;
  }
}
