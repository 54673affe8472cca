import { SignallingError, storeUnavailable } from '../../signalling/errors.ts';
import { type RoomId, isReserved } from '../../signalling/ids.ts';
import type { Connection } from './connection.ts';
import { Counts, Names } from './replies.ts';
import { SCRIPTS, type Script } from './scripts.ts';

/** The index cannot live in each room's slot; it is sharded so that a cluster spreads it. */
const PARTS = 8;
/** Longer than the longest idle timeout: every live room reports more often. */
const LIFETIME_MS = 25 * 3_600_000;
/** A process that took a room and has not reported its sweep for so long has died. */
const SWEEP_WITHIN_MS = 5_000;
const ROOMS_PER_PART = 8;
/** Version of a report that precedes a change: older than any. */
const UNKNOWN = '1';
/** Bounds memory during an outage. A report beyond it is repeated by the room's next change. */
const MAX_UNREPORTED = 10_000;

/** `scripts/schedule.lua` describes the keys. */
interface PartKeys {
  readonly due: string;
  readonly versions: string;
  readonly names: string;
}

/** Due time (or `gone`), version and number of participants of a room, as a script returned them; empty when nothing has changed. */
export type Schedule = readonly string[];

/**
 * Which rooms exist, and when each is due for a sweep. It is on other nodes than the rooms and follows them a moment later. A room's
 * next change or sweep repairs a missed report; the keys' lifetime removes rooms that are never reported again.
 */
export class RoomIndex {
  readonly #connection: Connection;
  /** A failure that is not an outage, for the next sweep to throw. */
  #bug: Error | undefined;
  /** Parts in which the epoch is still to be announced. */
  readonly #unannounced = new Set<number>();
  readonly #reporting = new Map<RoomId, Promise<void>>();
  /** The newest report of each room that failed. Repeated by the next sweep. */
  readonly #unreported = new Map<RoomId, Schedule>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Call before a join: should this process die right after it, another one sweeps the room. */
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
   * Resolves before the caller learns of the change, so that whatever was answered is swept. Reports of one room resolve in the order of
   * its commits, even when only some of them changed the schedule.
   */
  async report(roomId: RoomId, schedule: Schedule): Promise<void> {
    const before = this.#reporting.get(roomId);
    if (schedule.length === 0) return before;
    const reporting = Promise.all([before, this.#send(roomId, schedule)]).then(() => undefined);
    this.#reporting.set(roomId, reporting);
    await reporting;
    if (this.#reporting.get(roomId) === reporting) this.#reporting.delete(roomId);
  }

  /** This process has begun an epoch: every room is due. */
  beginEpoch(): void {
    for (const part of allParts) this.#unannounced.add(part);
  }

  /** Call until every part has heard of the epoch. */
  async announceEpoch(nowMs: number): Promise<void> {
    const args = [String(Math.floor(nowMs))];
    const announce = async (part: number): Promise<void> => {
      await this.#connection.run({ script: SCRIPTS.beginEpoch, keys: [this.#keys(part).due], args });
      this.#unannounced.delete(part);
    };
    await Promise.allSettled([...this.#unannounced].map(announce));
  }

  /** @throws the failure of a report since the last call that was not an outage */
  repeatUnreported(): void {
    const bug = this.#bug;
    this.#bug = undefined;
    if (bug !== undefined) throw bug;
    const unreported = [...this.#unreported];
    this.#unreported.clear();
    for (const [roomId, schedule] of unreported) void this.#send(roomId, schedule);
  }

  /** Takes rooms that are due, for this process alone. `more`: others are due, too. */
  async takeDue(nowMs: number): Promise<{ rooms: RoomId[]; more: boolean }> {
    const args = [nowMs, nowMs + SWEEP_WITHIN_MS, ROOMS_PER_PART].map((number) => String(Math.floor(number)));
    const parts = await Promise.allSettled(this.#runOnAll(SCRIPTS.takeDue, ({ due }) => [due], args));
    // A node that is away does not delay the rooms of other parts.
    const answered = parts.filter((part) => part.status === 'fulfilled');
    if (answered.length === 0) throw storeUnavailable(parts.find((part) => part.status === 'rejected')?.reason);
    const found = answered.map((part) => Names.parse(part.value));
    return { rooms: found.flat() as RoomId[], more: found.some((rooms) => rooms.length === ROOMS_PER_PART) };
  }

  /** At most `limit` names behind `after`, in the order of their bytes. */
  async names(after: RoomId | undefined, limit: number): Promise<RoomId[]> {
    const args = [after ?? '', String(limit)];
    const parts = await Promise.all(this.#runOnAll(SCRIPTS.listRooms, ({ names }) => [names], args));
    // Ids are ASCII, in which JavaScript's order is that of the bytes.
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
