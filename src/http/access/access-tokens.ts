import { createSecretKey } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import type { Clock } from '../../signalling/clock.ts';
import type { AccessGrant } from '../../signalling/credentials.ts';
import { accessTokenUnusable, SignallingError, unauthenticated } from '../../signalling/errors.ts';
import type { JsonText, ParticipantId, RoomId } from '../../signalling/ids.ts';
import { accessTokenClaims } from '../../wire/index.ts';
import { unreadable } from '../request/json-text.ts';
import { keysUnavailable, PublishedKeys } from './published-keys.ts';

/** Source of the keys. It decides the algorithm; the token's own `alg` is never trusted. */
export type KeySource = { readonly secret: string } | { readonly jwksUrl: string };

export interface AccessTokenOptions {
  readonly source: KeySource;
  readonly audience: string | undefined;
  readonly clock: Clock;
  /** Called with the reason when keys are unavailable or unusable. */
  readonly onError: (error: unknown) => void;
}

/**
 * Maximum length of a token in characters, several times what the claims need. Bounds the hashing that a client can
 * cause.
 */
const MAX_LENGTH = 8_192;
/** Clock tolerance. Two clocks differ by a second or two even when both follow NTP. */
const LEEWAY_SECONDS = 5;
const FORM = /^[\w-]+\.[\w-]+\.[\w-]*$/;
/** Algorithms that sign with a private key. If HS256 were allowed, anyone could sign with the published key. */
const PUBLIC_KEY_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** Verifies JWTs (RFC 7519) that the app's backend signed. */
export class AccessTokens {
  readonly #key: JWTVerifyGetKey;
  readonly #rules: JWTVerifyOptions;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;

  constructor({ source, audience, clock, onError }: AccessTokenOptions) {
    this.#key = keyOf(source, clock, onError);
    this.#rules = {
      algorithms: 'secret' in source ? ['HS256'] : PUBLIC_KEY_ALGORITHMS,
      requiredClaims: ['exp'],
      clockTolerance: LEEWAY_SECONDS, // for `exp` and `nbf`; `iat` is not checked
      ...(audience !== undefined && { audience }),
    };
    this.#clock = clock;
    this.#onError = onError;
  }

  /**
   * @returns `undefined` for text that is not a JWT
   * @throws SignallingError `unauthenticated` for an invalid token, `forbidden` for a valid one without a usable
   * participant or room, `storage-unavailable` when no key is available to check it
   */
  async read(text: string): Promise<AccessGrant | undefined> {
    if (!FORM.test(text)) return undefined;
    if (text.length > MAX_LENGTH) throw unauthenticated(`The access token is longer than ${MAX_LENGTH} characters.`);
    const claims = accessTokenClaims.safeParse(await this.#verify(text));
    if (!claims.success) throw accessTokenUnusable(faultsOf(claims.error.issues));
    const { sub, room, name, metadata } = claims.data;
    const metadataText = metadata === undefined ? undefined : (JSON.stringify(metadata) as JsonText);
    const [fault] = metadataText === undefined ? [] : unreadable(metadataText, false);
    if (fault !== undefined) throw accessTokenUnusable(`\`metadata\` ${fault.detail}`);
    return {
      kind: 'access-token',
      subject: sub as ParticipantId,
      room: room as RoomId | '*',
      profile: {
        ...(name !== undefined && { displayName: name }),
        ...(metadataText !== undefined && { metadata: metadataText }),
      },
    };
  }

  async #verify(text: string): Promise<JWTPayload> {
    const rules = { ...this.#rules, currentDate: new Date(this.#clock.wallMs()) };
    try {
      const { payload } = await jwtVerify(text, this.#key, rules).catch((error: unknown) =>
        tryEach(error, text, rules),
      );
      return payload;
    } catch (error) {
      if (error instanceof SignallingError) throw error;
      const reason = reasonOf(error);
      if (reason !== undefined) throw unauthenticated(`The access token ${reason}.`);
      this.#onError(error);
      throw keysUnavailable();
    }
  }
}

function keyOf(source: KeySource, clock: Clock, onError: (error: unknown) => void): JWTVerifyGetKey {
  if ('jwksUrl' in source) return new PublishedKeys(source.jwksUrl, clock, onError).get;
  const key = createSecretKey(source.secret, 'utf8');
  return () => key;
}

/** Tries each published key when several could have signed a token without a key id. */
async function tryEach(error: unknown, text: string, rules: JWTVerifyOptions): Promise<{ payload: JWTPayload }> {
  if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
  for await (const key of error) {
    try {
      return await jwtVerify(text, key, rules);
    } catch (failure) {
      if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

const CLAIM_REASONS: Readonly<Record<string, string>> = {
  exp: 'has no usable `exp`, which is required',
  nbf: 'is not valid yet (`nbf`); leave `nbf` out, or set it a little before now',
  aud: 'is for another audience (`aud`)',
};

/** Returns the reason for refusing the token, or `undefined` when the token is not at fault. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'has expired; get a new one from the server that issued it';
  if (error instanceof errors.JWTClaimValidationFailed) return CLAIM_REASONS[error.claim] ?? 'has unusable claims';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'is signed with an algorithm that this server does not accept';
  if (error instanceof errors.JWKSNoMatchingKey) return 'is signed with a key that is not published';
  return error instanceof errors.JOSEError && !(error instanceof errors.JWKSInvalid) ? 'cannot be verified' : undefined;
}

const faultsOf = (issues: readonly { path: readonly PropertyKey[]; message: string }[]): string =>
  issues.map(({ path, message }) => `\`${String(path[0])}\` ${message}`).join(', ');
