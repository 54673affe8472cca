import { whenReady, type Awaitable } from './deferred.ts';
import type { JsonText, ParticipantId, RoomId } from './ids.ts';
import type { SignallingStore, StoredToken, TokenLookup } from './store.ts';
import { readToken, secretMatches, type TokenHandle } from './tokens.ts';

/** What a request proved about its sender. `access.ts` decides what that allows. */
export type Credential = NoCredential | Bearer | AccessGrant | ApiKey;

/** The request has no credential, or an unknown one. */
export interface NoCredential {
  readonly kind: 'none';
}

/** A participant's token, in any state. */
export type Bearer = StoredToken & { readonly kind: 'participant'; readonly handle: TokenHandle };

/** An access token, signed by the app's backend. */
export interface AccessGrant {
  readonly kind: 'access-token';
  readonly subject: ParticipantId;
  readonly room: RoomId | '*';
  /** Overrides the profile of the request. */
  readonly profile: { readonly displayName?: string; readonly metadata?: JsonText };
}

/** Identifies a trusted server. */
export interface ApiKey {
  readonly kind: 'api-key';
  /** A label of the key; not a secret. */
  readonly name: string;
}

export const NO_CREDENTIAL: NoCredential = { kind: 'none' };

/** Looks up a token and claims a fresh one. @returns `undefined` for an unknown or forgotten token */
export function identify(store: SignallingStore, text: string, lookup: TokenLookup): Awaitable<Bearer | undefined> {
  const token = readToken(text);
  if (token === undefined) return undefined;
  const { handle, secret } = token;
  return whenReady(store.findToken(handle, lookup), (stored) => {
    if (stored === undefined || !secretMatches(secret, stored.digest)) return undefined;
    if (stored.state !== 'fresh') return bearerOf(stored, handle);
    return whenReady(store.claimToken(handle, lookup.roomHint), (claimed) => claimed && bearerOf(claimed, handle));
  });
}

/** perf: copies used tokens, nearly all of them, field by field; V8 spreads objects of mixed shapes slowly. */
function bearerOf(stored: StoredToken, handle: TokenHandle): Bearer {
  if (stored.state !== 'used') return { kind: 'participant', ...stored, handle };
  const { digest, roomId, participantId, state, mailboxId, fencingToken } = stored;
  return { kind: 'participant', digest, roomId, participantId, state, mailboxId, fencingToken, handle };
}
