import { SignallingError } from './errors.ts';
import type { RoomId } from './ids.ts';
import type { Mailbox } from './message.ts';
import type { SignallingStore, StoredToken } from './store.ts';
import { readToken, secretMatches, type TokenHandle } from './tokens.ts';

export type Bearer = StoredToken & { readonly handle: TokenHandle };

/** Finds whose token this is; `undefined` for one that was never minted or is forgotten. A first use is noted. */
export async function identify(store: SignallingStore, text: string): Promise<Bearer | undefined> {
  const token = readToken(text);
  if (token === undefined) return undefined;
  const stored = await store.findToken(token.handle);
  if (stored === undefined || !secretMatches(token.secret, stored.digest)) return undefined;
  if (stored.state === 'fresh') await store.claimToken(token.handle);
  return { ...stored, handle: token.handle };
}

/**
 * The participant of `roomId` that the bearer is.
 * @throws SignallingError `unauthenticated`, `participant-gone`, `forbidden` (a live token of another room)
 */
export function requireParticipant(bearer: Bearer | undefined, roomId: RoomId): Mailbox {
  if (bearer === undefined || bearer.state === 'replaced') throw unauthenticated();
  if (bearer.state === 'gone') {
    if (bearer.roomId !== roomId) throw unauthenticated();
    throw new SignallingError(
      'participant-gone',
      `This participant is no longer in the room (${bearer.reason}). Join again.`,
      {
        reason: bearer.reason,
      },
    );
  }
  if (bearer.roomId !== roomId)
    throw new SignallingError('forbidden', 'This token belongs to a participant of another room.');
  return { roomId, participantId: bearer.participantId, mailboxId: bearer.mailboxId };
}

const unauthenticated = (): SignallingError =>
  new SignallingError(
    'unauthenticated',
    'Send the `token` of the join result as `Authorization: Bearer <token>`. This one is missing, unknown, or was replaced by a newer join.',
  );
