import type { Bearer } from './credential.ts';
import type { RoomId } from './ids.ts';
import type { SignallingStore } from './store.ts';
import { readToken, secretMatches } from './tokens.ts';

/** Finds whose token this is; `undefined` for one that was never minted or is forgotten. A first use is noted. */
export async function identify(
  store: SignallingStore,
  text: string,
  likely: RoomId | undefined,
  judgedLater: boolean,
): Promise<Bearer | undefined> {
  const token = readToken(text);
  if (token === undefined) return undefined;
  const stored = await store.findToken(token.handle, likely, judgedLater);
  if (stored === undefined || !secretMatches(token.secret, stored.digest)) return undefined;
  if (stored.state !== 'fresh') return { kind: 'participant', ...stored, handle: token.handle };
  await store.claimToken(token.handle, likely);
  // Another token of this participant may have been first, or a takeover.
  const claimed = await store.findToken(token.handle, likely);
  return claimed && { kind: 'participant', ...claimed, handle: token.handle };
}
