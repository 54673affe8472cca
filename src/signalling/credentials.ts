import type { JsonText, ParticipantId, RoomId } from './ids.ts';
import type { SignallingStore, StoredToken, TokenLookup } from './store.ts';
import { readToken, secretMatches, type TokenHandle } from './tokens.ts';

/** What a request proved about its sender, and nothing about what that allows. */
export type Credential = NoCredential | Bearer | AccessGrant | ApiKey;

/** None, or one that nobody knows. */
export interface NoCredential {
  readonly kind: 'none';
}

/** A token that a join minted, of whatever state. */
export type Bearer = StoredToken & { readonly kind: 'participant'; readonly handle: TokenHandle };

/** An access token of the app's own backend: who may join where, and as what. */
export interface AccessGrant {
  readonly kind: 'access-token';
  readonly subject: ParticipantId;
  readonly room: RoomId | '*';
  /** What the backend says of the participant wins over what the participant says. */
  readonly profile: { readonly displayName?: string; readonly metadata?: JsonText };
}

/** A trusted server's. */
export interface ApiKey {
  readonly kind: 'api-key';
  /** Tells keys apart; proves nothing. */
  readonly name: string;
}

export const NO_CREDENTIAL: NoCredential = { kind: 'none' };

/** The participant whose token this is; `undefined` for an unknown or forgotten token. Claims a fresh token. */
export async function identify(store: SignallingStore, text: string, lookup: TokenLookup): Promise<Bearer | undefined> {
  const token = readToken(text);
  if (token === undefined) return undefined;
  const stored = await store.findToken(token.handle, lookup);
  if (stored === undefined || !secretMatches(token.secret, stored.digest)) return undefined;
  if (stored.state !== 'fresh') return bearerOf(stored, token.handle);
  const claimed = await store.claimToken(token.handle, lookup.roomHint);
  return claimed && bearerOf(claimed, token.handle);
}

/** perf: copies used tokens, nearly all of them, field by field; V8 spreads one of several shapes slowly. */
function bearerOf(stored: StoredToken, handle: TokenHandle): Bearer {
  if (stored.state !== 'used') return { kind: 'participant', ...stored, handle };
  const { digest, roomId, participantId, state, mailboxId, fencingToken } = stored;
  return { kind: 'participant', digest, roomId, participantId, state, mailboxId, fencingToken, handle };
}
