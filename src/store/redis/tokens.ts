import type { RoomId } from '../../signalling/ids.ts';
import type { StoredToken, TokenLookup } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import type { Connection } from './connection.ts';
import { Token } from './replies.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS, type Script } from './scripts.ts';
import type { TokenCache } from './token-cache.ts';

/** Notes only decide between a 403 and a 401, so they need not outlive long silences. */
const NOTE_LIFETIME_MS = 1_200_000;
const RENEW_NOTE_AFTER_MS = 300_000;
const MAX_NOTED = 100_000;

/**
 * A token is stored in its room, where it changes together with its participant. A request usually names that room; a
 * note finds the room of a token that is used in another room.
 */
export class Tokens {
  readonly #rooms: RoomScripts;
  readonly #connection: Connection;
  readonly #cache: TokenCache;
  /** When this process last wrote the note of a token (monotonic ms). Bounded: cleared as a whole. */
  #notedAt = new Map<TokenHandle, number>();

  constructor(rooms: RoomScripts, connection: Connection, cache: TokenCache) {
    this.#cache = cache;
    this.#rooms = rooms;
    this.#connection = connection;
  }

  async find(handle: TokenHandle, { roomHint, allowCached }: TokenLookup): Promise<StoredToken | undefined> {
    const cached = allowCached === true && roomHint !== undefined ? this.#cache.find(handle, roomHint) : undefined;
    if (cached !== undefined) return cached;
    const found =
      roomHint === undefined || roomHint === '' ? undefined : await this.#run(SCRIPTS.findToken, roomHint, handle);
    if (found !== undefined) {
      this.#renewNote(handle, found.roomId);
      this.#cache.add(handle, found);
      return found;
    }
    const roomId = await this.#roomOf(handle);
    return roomId === undefined || roomId === roomHint ? undefined : this.#run(SCRIPTS.findToken, roomId, handle);
  }

  async claim(handle: TokenHandle, roomHint: RoomId | undefined): Promise<StoredToken | undefined> {
    const roomId = roomHint === undefined || roomHint === '' ? await this.#roomOf(handle) : roomHint;
    if (roomId === undefined) return undefined;
    const claimed = await this.#run(SCRIPTS.claimToken, roomId, handle);
    if (claimed !== undefined) this.#cache.add(handle, claimed);
    else if (roomId === roomHint) return this.claim(handle, undefined);
    return claimed;
  }

  /** Call before the join that mints the token, without waiting: only a use in another room needs the note. */
  note(handle: TokenHandle, roomId: RoomId): void {
    if (this.#notedAt.size >= MAX_NOTED) this.#notedAt = new Map();
    this.#notedAt.set(handle, performance.now());
    const args = [roomId, String(NOTE_LIFETIME_MS)];
    this.#connection.run({ script: SCRIPTS.noteToken, keys: [this.#key(handle)], args }).catch(() => {
      this.#notedAt.delete(handle);
    });
  }

  #renewNote(handle: TokenHandle, roomId: RoomId): void {
    const noted = this.#notedAt.get(handle);
    if (noted === undefined || performance.now() - noted > RENEW_NOTE_AFTER_MS) this.note(handle, roomId);
  }

  async #run(script: Script, roomId: RoomId, handle: TokenHandle): Promise<StoredToken | undefined> {
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
