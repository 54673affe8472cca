import { hash, timingSafeEqual } from 'node:crypto';
import { randomText, type Brand } from './ids.ts';

/** The public half of a token. Finds its record, but is not a secret. */
export type TokenHandle = Brand<string, 'TokenHandle'>;
/** SHA-256 of the secret half, base64url: the only form in which a secret is stored. */
export type TokenDigest = Brand<string, 'TokenDigest'>;

export interface MintedToken {
  /** Shown once, to its owner. */
  readonly token: string;
  readonly handle: TokenHandle;
  readonly digest: TokenDigest;
}

const FORM = /^([A-Za-z0-9_-]{12})\.([A-Za-z0-9_-]{32})$/;

const digestOf = (secret: string): TokenDigest => hash('sha256', secret, 'base64url') as TokenDigest;

/** A token of 72 public and 192 secret random bits. Brute force cannot find such a secret, so a fast hash is enough. */
export function mintToken(): MintedToken {
  const handle = randomText(9) as TokenHandle;
  const secret = randomText(24);
  return { token: `${handle}.${secret}`, handle, digest: digestOf(secret) };
}

export function readToken(token: string): { handle: TokenHandle; secret: string } | undefined {
  const [, handle, secret] = FORM.exec(token) ?? [];
  if (handle === undefined || secret === undefined) return undefined;
  return { handle: handle as TokenHandle, secret };
}

/** Compares in constant time, against timing attacks. */
export function secretMatches(secret: string, digest: TokenDigest): boolean {
  return timingSafeEqual(Buffer.from(digestOf(secret)), Buffer.from(digest));
}
