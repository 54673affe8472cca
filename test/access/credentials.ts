import { createSecretKey, type KeyObject } from 'node:crypto';
import { SignJWT, type CryptoKey, type JWTHeaderParameters, type JWTPayload } from 'jose';

export const SECRET = 'a secret of at least thirty-two bytes';
export const API_KEY = 'a-server-key-that-nobody-guesses';

export const hmacKey = (secret: string): KeyObject => createSecretKey(secret, 'utf8');

interface Signing {
  readonly key?: CryptoKey | KeyObject;
  readonly header?: Partial<JWTHeaderParameters>;
}

/** An access token as the app's backend signs it, valid for a minute from `nowMs` unless `claims` override that. */
export function accessToken(
  nowMs: number,
  claims: Readonly<Record<string, unknown>>,
  { key = hmacKey(SECRET), header = {} }: Signing = {},
): Promise<string> {
  const nowSeconds = Math.floor(nowMs / 1_000);
  // What is `undefined` is left out of the JSON.
  const payload = { room: 'lobby', exp: nowSeconds + 60, ...claims } as JWTPayload;
  return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', ...header }).sign(key);
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token put together by hand, with whatever stands for a signature. */
export const forged = (header: object, claims: object, signature = ''): string =>
  `${part(header)}.${part(claims)}.${signature}`;
