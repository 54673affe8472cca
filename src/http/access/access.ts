import type { JoinPolicy } from '../../signalling/admit.ts';
import type { Clock } from '../../signalling/clock.ts';
import { NO_CREDENTIAL, type Credential } from '../../signalling/credential.ts';
import { AccessTokens, type KeySource } from './access-tokens.ts';
import { ApiKeys } from './api-keys.ts';

export interface AccessSettings {
  readonly accessTokenSecret: string | undefined;
  readonly accessTokenJwksUrl: string | undefined;
  readonly accessTokenAudience: string | undefined;
  readonly apiKeys: readonly string[] | undefined;
}

/** What the operator hands out: access tokens, API keys, both, or nothing, which is open mode. */
export class Access {
  readonly joinPolicy: JoinPolicy;
  readonly #accessTokens: AccessTokens | undefined;
  readonly #apiKeys: ApiKeys | undefined;

  /** @param onError told why the keys of access tokens cannot be had */
  constructor(settings: AccessSettings, clock: Clock, onError: (error: unknown) => void) {
    const source = sourceOf(settings);
    const audience = settings.accessTokenAudience;
    this.#accessTokens = source && new AccessTokens({ source, audience, clock, onError });
    this.#apiKeys = settings.apiKeys && new ApiKeys(settings.apiKeys);
    const needs = [...(source ? ['an access token'] : []), ...(settings.apiKeys ? ['an API key'] : [])];
    this.joinPolicy = needs.length === 0 ? { kind: 'open' } : { kind: 'closed', needs: needs.join(' or ') };
  }

  /** @throws SignallingError see `AccessTokens.read` */
  async read(text: string): Promise<Credential> {
    return this.#apiKeys?.find(text) ?? (await this.#accessTokens?.read(text)) ?? NO_CREDENTIAL;
  }
}

function sourceOf({ accessTokenSecret, accessTokenJwksUrl }: AccessSettings): KeySource | undefined {
  if (accessTokenSecret !== undefined) return { secret: accessTokenSecret };
  return accessTokenJwksUrl === undefined ? undefined : { jwksUrl: accessTokenJwksUrl };
}
