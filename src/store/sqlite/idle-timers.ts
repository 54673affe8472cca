import type { ParticipantRecord } from './records.ts';

const BUCKET_MS = 1_000;

/**
 * Whose idle time may be over: one bucket per second, a participant in one bucket at a time. A request only sets a number on
 * its record; when its bucket comes due, one who was active meanwhile moves on to a later bucket. No timer and no work per
 * request or held poll.
 */
export class IdleTimers {
  readonly #buckets = new Map<number, Set<ParticipantRecord>>();
  readonly #bucketOf = new WeakMap<ParticipantRecord, number>();
  #sweptTo: number;

  constructor(nowMs: number) {
    this.#sweptTo = Math.floor(nowMs / BUCKET_MS);
  }

  /** By its last request; a poll that is held does not count yet, since it may end at any moment. */
  add(record: ParticipantRecord): void {
    this.#put(record, record.seenAtMs + record.idleTimeoutMs);
  }

  #put(record: ParticipantRecord, lookAtMs: number): void {
    const bucket = Math.max(Math.ceil(lookAtMs / BUCKET_MS), this.#sweptTo);
    const records = this.#buckets.get(bucket);
    if (records === undefined) this.#buckets.set(bucket, new Set([record]));
    else records.add(record);
    this.#bucketOf.set(record, bucket);
  }

  remove(record: ParticipantRecord): void {
    const bucket = this.#bucketOf.get(record);
    if (bucket === undefined) return;
    const records = this.#buckets.get(bucket);
    records?.delete(record);
    if (records?.size === 0) this.#buckets.delete(bucket);
    this.#bucketOf.delete(record);
  }

  /** At most `limit` whose idle time is over; they stay due until removed. */
  due(nowMs: number, limit: number): ParticipantRecord[] {
    const due: ParticipantRecord[] = [];
    const last = Math.floor(nowMs / BUCKET_MS);
    for (let bucket = this.#sweptTo; bucket <= last; bucket += 1) {
      for (const record of this.#buckets.get(bucket) ?? []) {
        if (record.idleFromMs <= nowMs) due.push(record);
        else this.#moveOn(record, nowMs);
        if (due.length === limit) return due;
      }
      // Not past a bucket with somebody in it: who is due stays due until removed.
      if (due.length === 0) this.#sweptTo = bucket;
    }
    return due;
  }

  #moveOn(record: ParticipantRecord, nowMs: number): void {
    this.remove(record);
    this.#put(record, Math.max(record.seenAtMs, Math.min(record.heldUntilMs, nowMs)) + record.idleTimeoutMs);
  }
}
