import { SignallingError } from '../../signalling/errors.ts';
import type { RoomId } from '../../signalling/ids.ts';
import { isReserved } from '../../signalling/reserved.ts';
import { unavailable } from '../refusals.ts';
import type { Connection } from './connection.ts';
import { Counts, Names } from './replies.ts';
import { SCRIPTS, type Script } from './scripts.ts';

/** The rooms of one slot share it with nobody they know, so the index is kept in parts, which a cluster spreads over its nodes. */
const PARTS = 8;
/** Longer than the longest idle time: every room that lives is heard of more often. */
const LIFETIME_MS = 25 * 3_600_000;
/** A process that was to sweep a room and has not told the outcome for so long has died. */
const SWEEP_WITHIN_MS = 5_000;
const ROOMS_PER_PART = 8;
/** As a version: older than any. */
const UNKNOWN = '1';
/** Of an outage: bounded memory; what is beyond it, the next change of its room says. */
const MAX_UNSAID = 10_000;

/** What each holds: `scripts/schedule.lua`. */
interface PartKeys {
  readonly due: string;
  readonly known: string;
  readonly names: string;
}

/**
 * Which rooms there are, and when each wants to be swept. It is on other nodes than the rooms, so it follows them a moment later; what it
 * misses, a room's next change or sweep mends, and what is left of a room nobody comes back to goes with the lifetime of its keys.
 */
export class RoomIndex {
  readonly #connection: Connection;
  #bug: Error | undefined;
  readonly #unbegun = new Set<number>();
  readonly #noting = new Map<RoomId, Promise<void>>();
  /** What could not be said, by room: the newest. Said again with the next sweep. */
  readonly #unsaid = new Map<RoomId, string>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Before a join: should this process die right after, another sweeps the room. */
  expect(roomId: RoomId, nowMs: number): void {
    void this.#say(roomId, soon(nowMs));
  }

  /** With the next sweep, unless something newer is to be said by then. */
  lookLater(roomId: RoomId, nowMs: number): void {
    if (this.#unsaid.size < MAX_UNSAID && !this.#unsaid.has(roomId)) this.#unsaid.set(roomId, soon(nowMs));
  }

  /**
   * Before the caller hears of the change: then whoever was answered is swept. Answers of one room come in the order of its commits, also
   * when only some of them changed the schedule.
   * @param schedule as a script answered it; '' when nothing changed
   */
  async note(roomId: RoomId, schedule: string): Promise<void> {
    const before = this.#noting.get(roomId);
    if (schedule === '') return before;
    const noting = Promise.all([before, this.#say(roomId, schedule)]).then(() => undefined);
    this.#noting.set(roomId, noting);
    await noting;
    if (this.#noting.get(roomId) === noting) this.#noting.delete(roomId);
  }

  /** Every room is to be due: the first process of an era says so, again and again until each part has heard it. */
  beginEra(): void {
    for (const part of allParts) this.#unbegun.add(part);
  }

  async tellBegun(nowMs: number): Promise<void> {
    const args = [String(Math.floor(nowMs))];
    const tell = async (part: number): Promise<void> => {
      await this.#connection.run({ script: SCRIPTS.beginEra, keys: [this.#keys(part).due], args });
      this.#unbegun.delete(part);
    };
    await Promise.allSettled([...this.#unbegun].map(tell));
  }

  /** @throws what went wrong meanwhile, if it is more than a Redis that cannot do it now */
  repeatUnsaid(): void {
    const bug = this.#bug;
    this.#bug = undefined;
    if (bug !== undefined) throw bug;
    const unsaid = [...this.#unsaid];
    this.#unsaid.clear();
    for (const [roomId, schedule] of unsaid) void this.#say(roomId, schedule);
  }

  /** Rooms that are due, for this process alone, and whether there are more. */
  async takeDue(nowMs: number): Promise<{ rooms: RoomId[]; more: boolean }> {
    const args = [nowMs, nowMs + SWEEP_WITHIN_MS, ROOMS_PER_PART].map((number) => String(Math.floor(number)));
    const parts = await Promise.allSettled(this.#askAll(SCRIPTS.takeDue, ({ due }) => [due], args));
    // A part whose node is away keeps no other part's rooms waiting.
    const answered = parts.filter((part) => part.status === 'fulfilled');
    if (answered.length === 0) throw unavailable(parts.find((part) => part.status === 'rejected')?.reason);
    const found = answered.map((part) => Names.parse(part.value));
    return { rooms: found.flat() as RoomId[], more: found.some((rooms) => rooms.length === ROOMS_PER_PART) };
  }

  /** Names behind `after`, at most so many, in the order of their bytes. */
  async names(after: RoomId | undefined, limit: number): Promise<RoomId[]> {
    const args = [after ?? '', String(limit)];
    const parts = await Promise.all(this.#askAll(SCRIPTS.listRooms, ({ names }) => [names], args));
    // Ids are ASCII, in which JavaScript's order is that of the bytes.
    const names = parts.flatMap((part) => Names.parse(part)).sort((one, other) => (one < other ? -1 : 1));
    return names.slice(0, limit) as RoomId[];
  }

  async count(): Promise<{ rooms: number; participants: number }> {
    const parts = await Promise.all(this.#askAll(SCRIPTS.count, ({ known, names }) => [known, names], []));
    const counts = parts.map((part) => Counts.parse(part));
    return {
      rooms: counts.reduce((sum, [rooms]) => sum + rooms, 0),
      participants: counts.reduce((sum, [, participants]) => sum + participants, 0),
    };
  }

  #askAll(script: Script, keysOf: (keys: PartKeys) => string[], args: readonly string[]): Promise<unknown>[] {
    return allParts.map((part) => this.#connection.run({ script, keys: keysOf(this.#keys(part)), args }));
  }

  async #say(roomId: RoomId, schedule: string): Promise<void> {
    const { due, known, names } = this.#keys(partOf(roomId));
    const [at = '', version = '', participants = ''] = schedule.split(' ');
    const hidden = isReserved(roomId) ? 'hidden' : '';
    const args = [roomId, at, version, participants, String(LIFETIME_MS), hidden];
    try {
      await this.#connection.run({ script: SCRIPTS.schedule, keys: [due, known, names], args });
    } catch (error) {
      if (version !== UNKNOWN || !this.#unsaid.has(roomId)) this.#unsaid.set(roomId, schedule);
      if (error instanceof Error && !(error instanceof SignallingError)) this.#bug = error;
    }
  }

  #keys(part: number): PartKeys {
    const key = `${this.#connection.location.prefix}:index:{${part}}`;
    return { due: `${key}:due`, known: `${key}:known`, names: `${key}:names` };
  }
}

const soon = (nowMs: number): string => `${Math.floor(nowMs) + SWEEP_WITHIN_MS} ${UNKNOWN} 0`;

const allParts = Array.from({ length: PARTS }, (_, part) => part);

/** FNV-1a (RFC 9923): any function will do that every process computes alike. */
function partOf(roomId: RoomId): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < roomId.length; index += 1) {
    hash = Math.imul(hash ^ roomId.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % PARTS;
}
