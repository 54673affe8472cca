import type { MailboxId, RoomId } from '../../signalling/ids.ts';
import type { StoredToken } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';

/** Longer than a poll, so that renewals of idle polls need no lookup. */
const CACHED_FOR_MS = 60_000;
/** About 200 bytes each. Beyond this limit the cache is cleared, which costs one round trip per token. */
const MAX_ROOMS = 50_000;

interface CachedToken {
  readonly token: StoredToken;
  readonly untilMs: number;
}

/**
 * Caches used tokens for operations on a mailbox, so that a message costs one round trip. The scripts refuse a token of
 * an older generation, so a cached token cannot do anything that a fresh lookup would forbid.
 */
export class TokenCache {
  readonly #rooms = new Map<RoomId, Map<TokenHandle, CachedToken>>();

  find(handle: TokenHandle, roomId: RoomId): StoredToken | undefined {
    const cached = this.#rooms.get(roomId)?.get(handle);
    return cached !== undefined && cached.untilMs > performance.now() ? cached.token : undefined;
  }

  add(handle: TokenHandle, token: StoredToken): void {
    if (token.state !== 'used') return;
    if (this.#rooms.size >= MAX_ROOMS) this.#rooms.clear();
    const room = this.#rooms.get(token.roomId) ?? new Map<TokenHandle, CachedToken>();
    room.set(handle, { token, untilMs: performance.now() + CACHED_FOR_MS });
    this.#rooms.set(token.roomId, room);
  }

  /** @returns the mailboxes whose tokens were cached */
  forget(roomId: RoomId): readonly MailboxId[] {
    const cached = [...(this.#rooms.get(roomId)?.values() ?? [])];
    this.#rooms.delete(roomId);
    return cached.flatMap(({ token }) => ('mailboxId' in token ? [token.mailboxId] : []));
  }
}
