import type { RoomId } from '../../signalling/ids.ts';
import type { StoredToken, TokenLookup } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import type { Connection } from './connection.ts';
import { Token } from './replies.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS, type Script } from './scripts.ts';
import type { TokenCache } from './token-cache.ts';

/** A note tells 403 from 401, no more: it is not kept for those who are silent for long. */
const LIFETIME_MS = 1_200_000;
const RENEW_AFTER_MS = 300_000;
const REMEMBERED = 100_000;

/**
 * A token is kept in its room, where it changes together with its participant. Which room that is, the request says as a rule; for
 * one that is used elsewhere it is noted apart.
 */
export class Tokens {
  readonly #rooms: RoomScripts;
  readonly #connection: Connection;
  readonly #cache: TokenCache;
  /** When this process last noted a token's room (real ms). Bounded: forgotten as a whole, and noted anew. */
  #notedAt = new Map<TokenHandle, number>();

  constructor(rooms: RoomScripts, connection: Connection, cache: TokenCache) {
    this.#cache = cache;
    this.#rooms = rooms;
    this.#connection = connection;
  }

  async find(handle: TokenHandle, { roomHint, allowCached }: TokenLookup): Promise<StoredToken | undefined> {
    const kept = allowCached === true && roomHint !== undefined ? this.#cache.find(handle, roomHint) : undefined;
    if (kept !== undefined) return kept;
    const found =
      roomHint === undefined || roomHint === '' ? undefined : await this.#ask(SCRIPTS.findToken, roomHint, handle);
    if (found !== undefined) {
      this.#renew(handle, found.roomId);
      this.#cache.keep(handle, found);
      return found;
    }
    const roomId = await this.#roomOf(handle);
    return roomId === undefined || roomId === roomHint ? undefined : this.#ask(SCRIPTS.findToken, roomId, handle);
  }

  async claim(handle: TokenHandle, roomHint: RoomId | undefined): Promise<StoredToken | undefined> {
    const roomId = roomHint === undefined || roomHint === '' ? await this.#roomOf(handle) : roomHint;
    if (roomId === undefined) return undefined;
    const claimed = await this.#ask(SCRIPTS.claimToken, roomId, handle);
    if (claimed !== undefined) this.#cache.keep(handle, claimed);
    else if (roomId === roomHint) return this.claim(handle, undefined);
    return claimed;
  }

  /** Before the join that mints it. Nobody waits for it: only a use in a wrong room needs it. */
  note(handle: TokenHandle, roomId: RoomId): void {
    if (this.#notedAt.size >= REMEMBERED) this.#notedAt = new Map();
    this.#notedAt.set(handle, performance.now());
    const args = [roomId, String(LIFETIME_MS)];
    this.#connection.run({ script: SCRIPTS.noteToken, keys: [this.#key(handle)], args }).catch(() => {
      this.#notedAt.delete(handle);
    });
  }

  #renew(handle: TokenHandle, roomId: RoomId): void {
    const noted = this.#notedAt.get(handle);
    if (noted === undefined || performance.now() - noted > RENEW_AFTER_MS) this.note(handle, roomId);
  }

  async #ask(script: Script, roomId: RoomId, handle: TokenHandle): Promise<StoredToken | undefined> {
    const { result } = await this.#rooms.run(script, roomId, [handle]);
    const token = Token.parse(result);
    return token && { ...token, roomId };
  }

  async #roomOf(handle: TokenHandle): Promise<RoomId | undefined> {
    const reply = await this.#connection.run({ script: SCRIPTS.roomOfToken, keys: [this.#key(handle)], args: [] });
    return typeof reply === 'string' ? (reply as RoomId) : undefined;
  }

  #key(handle: TokenHandle): string {
    return `${this.#connection.location.prefix}:token:${handle}`;
  }
}
