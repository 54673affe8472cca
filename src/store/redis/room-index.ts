import { SignallingError, storeUnavailable } from '../../signalling/errors.ts';
import { type RoomId, isReserved } from '../../signalling/ids.ts';
import type { Connection } from './connection.ts';
import { Counts, Names } from './replies.ts';
import { SCRIPTS, type Script } from './scripts.ts';

/** The index cannot live in each room's slot. Its parts spread it over the nodes of a cluster. */
const PARTS = 8;
/** Longer than the longest idle timeout: every live room reports more often. */
const LIFETIME_MS = 25 * 3_600_000;
/** A process that took a room and has not reported its sweep within this time counts as dead. */
const SWEEP_WITHIN_MS = 5_000;
const ROOMS_PER_PART = 8;
/** Version of a report that precedes a change; older than any other version. */
const UNKNOWN = '1';
/** Bounds memory during an outage. The next change of a room repeats a report beyond this limit. */
const MAX_UNREPORTED = 10_000;

/** `scripts/schedule.lua` describes the keys. */
interface PartKeys {
  readonly due: string;
  readonly versions: string;
  readonly names: string;
}

/**
 * Due time (or `gone`), version and number of participants of a room, as a script returned them; empty when unchanged.
 */
export type Schedule = readonly string[];

/**
 * Lists the rooms, and when each is due for a sweep. It may be on other nodes than the rooms, and follows their changes
 * a moment later. A room's next change or sweep repairs a missed report; the lifetime of the keys removes rooms that
 * are never reported again.
 */
export class RoomIndex {
  readonly #connection: Connection;
  /** A failure that is not an outage; the next sweep throws it. */
  #bug: Error | undefined;
  /** Parts to which the epoch has not been announced yet. */
  readonly #unannounced = new Set<number>();
  readonly #reporting = new Map<RoomId, Promise<void>>();
  /** The newest failed report of each room. The next sweep repeats it. */
  readonly #unreported = new Map<RoomId, Schedule>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Call before a join: if this process dies right after the join, another process sweeps the room. */
  expectChange(roomId: RoomId, nowMs: number): void {
    void this.#send(roomId, soon(nowMs));
  }

  /** Schedules a sweep for a room whose script failed; a newer report replaces it. */
  lookLater(roomId: RoomId, nowMs: number): void {
    if (this.#unreported.size < MAX_UNREPORTED && !this.#unreported.has(roomId)) {
      this.#unreported.set(roomId, soon(nowMs));
    }
  }

  /**
   * Await before reporting the change to the caller, so that every answered change will be swept. Reports of one room
   * resolve in the order of its commits, even when only some of them changed the schedule.
   */
  async report(roomId: RoomId, schedule: Schedule): Promise<void> {
    const before = this.#reporting.get(roomId);
    if (schedule.length === 0) return before;
    const reporting = Promise.all([before, this.#send(roomId, schedule)]).then(() => undefined);
    this.#reporting.set(roomId, reporting);
    await reporting;
    if (this.#reporting.get(roomId) === reporting) this.#reporting.delete(roomId);
  }

  /** Call when this process has begun an epoch, which makes every room due. */
  beginEpoch(): void {
    for (const part of allParts) this.#unannounced.add(part);
  }

  /**
   * Announces the epoch to the parts that have not received it yet. Call repeatedly, since a part may be unreachable.
   */
  async announceEpoch(nowMs: number): Promise<void> {
    const args = [String(Math.floor(nowMs))];
    const announce = async (part: number): Promise<void> => {
      await this.#connection.run({ script: SCRIPTS.beginEpoch, keys: [this.#keys(part).due], args });
      this.#unannounced.delete(part);
    };
    await Promise.allSettled([...this.#unannounced].map(announce));
  }

  /** @throws the error of a report that failed since the last call for another reason than an outage */
  repeatUnreported(): void {
    const bug = this.#bug;
    this.#bug = undefined;
    if (bug !== undefined) throw bug;
    const unreported = [...this.#unreported];
    this.#unreported.clear();
    for (const [roomId, schedule] of unreported) void this.#send(roomId, schedule);
  }

  /** Takes due rooms for this process alone. `more`: further rooms are due. */
  async takeDue(nowMs: number): Promise<{ rooms: RoomId[]; more: boolean }> {
    const args = [nowMs, nowMs + SWEEP_WITHIN_MS, ROOMS_PER_PART].map((number) => String(Math.floor(number)));
    const parts = await Promise.allSettled(this.#runOnAll(SCRIPTS.takeDue, ({ due }) => [due], args));
    // An unreachable node does not delay the rooms of other parts.
    const answered = parts.filter((part) => part.status === 'fulfilled');
    if (answered.length === 0) throw storeUnavailable(parts.find((part) => part.status === 'rejected')?.reason);
    const found = answered.map((part) => Names.parse(part.value));
    return { rooms: found.flat() as RoomId[], more: found.some((rooms) => rooms.length === ROOMS_PER_PART) };
  }

  /** At most `limit` names after `after`, in byte order. */
  async names(after: RoomId | undefined, limit: number): Promise<RoomId[]> {
    const args = [after ?? '', String(limit)];
    const parts = await Promise.all(this.#runOnAll(SCRIPTS.listRooms, ({ names }) => [names], args));
    // Ids are ASCII, for which JavaScript's string order is byte order.
    const names = parts.flatMap((part) => Names.parse(part)).sort((one, other) => (one < other ? -1 : 1));
    return names.slice(0, limit) as RoomId[];
  }

  async count(): Promise<{ rooms: number; participants: number }> {
    const parts = await Promise.all(this.#runOnAll(SCRIPTS.count, ({ versions, names }) => [versions, names], []));
    const counts = parts.map((part) => Counts.parse(part));
    return {
      rooms: counts.reduce((sum, [rooms]) => sum + rooms, 0),
      participants: counts.reduce((sum, [, participants]) => sum + participants, 0),
    };
  }

  #runOnAll(script: Script, keysOf: (keys: PartKeys) => string[], args: readonly string[]): Promise<unknown>[] {
    return allParts.map((part) => this.#connection.run({ script, keys: keysOf(this.#keys(part)), args }));
  }

  async #send(roomId: RoomId, schedule: Schedule): Promise<void> {
    const { due, versions, names } = this.#keys(partOf(roomId));
    const [at = '', version = '', participants = ''] = schedule;
    const args = [roomId, at, version, participants, String(LIFETIME_MS), isReserved(roomId) ? 'hidden' : ''];
    try {
      await this.#connection.run({ script: SCRIPTS.schedule, keys: [due, versions, names], args });
    } catch (error) {
      if (version !== UNKNOWN || !this.#unreported.has(roomId)) this.#unreported.set(roomId, schedule);
      if (error instanceof Error && !(error instanceof SignallingError)) this.#bug = error;
    }
  }

  #keys(part: number): PartKeys {
    const key = `${this.#connection.location.prefix}:index:{${part}}`;
    return { due: `${key}:due`, versions: `${key}:known`, names: `${key}:names` };
  }
}

const soon = (nowMs: number): Schedule => [String(Math.floor(nowMs) + SWEEP_WITHIN_MS), UNKNOWN, '0'];

const allParts = Array.from({ length: PARTS }, (_, part) => part);

/** FNV-1a (RFC 9923). All processes must compute the same part for a room. */
function partOf(roomId: RoomId): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < roomId.length; index += 1) {
    hash = Math.imul(hash ^ roomId.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % PARTS;
}
