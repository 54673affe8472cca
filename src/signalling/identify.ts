import type { Bearer } from './credential.ts';
import type { SignallingStore, StoredToken, TokenLookup } from './store.ts';
import { readToken, secretMatches, type TokenHandle } from './tokens.ts';

/** Finds whose token this is; `undefined` for one that was never minted or is forgotten. A first use is noted. */
export async function identify(store: SignallingStore, text: string, lookup: TokenLookup): Promise<Bearer | undefined> {
  const token = readToken(text);
  if (token === undefined) return undefined;
  const stored = await store.findToken(token.handle, lookup);
  if (stored === undefined || !secretMatches(token.secret, stored.digest)) return undefined;
  if (stored.state !== 'fresh') return bearerOf(stored, token.handle);
  const claimed = await store.claimToken(token.handle, lookup.roomHint);
  return claimed && bearerOf(claimed, token.handle);
}

/** Field by field for tokens in use, as nearly all are: V8 has no quick way to spread one of several shapes. */
function bearerOf(stored: StoredToken, handle: TokenHandle): Bearer {
  if (stored.state !== 'used') return { kind: 'participant', ...stored, handle };
  const { digest, roomId, participantId, state, mailboxId, takeover } = stored;
  return { kind: 'participant', digest, roomId, participantId, state, mailboxId, takeover, handle };
}
