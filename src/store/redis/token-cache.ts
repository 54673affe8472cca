import type { MailboxId, RoomId } from '../../signalling/ids.ts';
import type { StoredToken } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';

/** Longer than a poll, so that one that just waits is not looked up each time. */
const GOOD_FOR_MS = 60_000;
/** Some 200 bytes each. Beyond it everything is forgotten, which costs a round trip each. */
const MAX_ROOMS = 50_000;

interface Kept {
  readonly token: StoredToken;
  readonly untilMs: number;
}

/**
 * Used tokens, for operations on a mailbox: these name the takeover that the token belongs to, and their script refuses them when it is
 * an older one. So a token out of memory cannot do what a fresh look would have forbidden, and a message costs one round trip.
 */
export class TokenCache {
  readonly #rooms = new Map<RoomId, Map<TokenHandle, Kept>>();

  find(handle: TokenHandle, roomId: RoomId): StoredToken | undefined {
    const kept = this.#rooms.get(roomId)?.get(handle);
    return kept !== undefined && kept.untilMs > performance.now() ? kept.token : undefined;
  }

  keep(handle: TokenHandle, token: StoredToken): void {
    if (token.state !== 'used') return;
    if (this.#rooms.size >= MAX_ROOMS) this.#rooms.clear();
    const room = this.#rooms.get(token.roomId) ?? new Map<TokenHandle, Kept>();
    room.set(handle, { token, untilMs: performance.now() + GOOD_FOR_MS });
    this.#rooms.set(token.roomId, room);
  }

  /** @returns the mailboxes of which there were tokens */
  forget(roomId: RoomId): readonly MailboxId[] {
    const kept = [...(this.#rooms.get(roomId)?.values() ?? [])];
    this.#rooms.delete(roomId);
    return kept.flatMap(({ token }) => ('mailboxId' in token ? [token.mailboxId] : []));
  }
}
