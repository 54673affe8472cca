import type { JsonText, ParticipantId, RoomId } from './ids.ts';
import type { StoredToken } from './store.ts';
import type { TokenHandle } from './tokens.ts';

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
