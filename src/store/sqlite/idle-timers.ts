import type { ParticipantRecord } from './records.ts';

const BUCKET_MS = 1_000;

/**
 * Finds participants past their idle timeout: one bucket per second, each participant in one bucket at a time. A
 * request only sets a number on the record. When its bucket comes due, a participant that was active meanwhile moves to
 * a later bucket. No timer and no work per request or held poll.
 */
export class IdleTimers {
  readonly #buckets = new Map<number, Set<ParticipantRecord>>();
  readonly #bucketOf = new WeakMap<ParticipantRecord, number>();
  #sweptTo: number;

  constructor(nowMs: number) {
    this.#sweptTo = Math.floor(nowMs / BUCKET_MS);
  }

  /** Uses the time of the last request. Ignores a held poll, since it may end at any moment. */
  add(record: ParticipantRecord): void {
    this.#put(record, record.seenAtMs + record.idleTimeoutMs);
  }

  #put(record: ParticipantRecord, checkAtMs: number): void {
    const bucket = Math.max(Math.ceil(checkAtMs / BUCKET_MS), this.#sweptTo);
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

  /** At most `limit` participants past their idle timeout; they stay due until removed. */
  due(nowMs: number, limit: number): ParticipantRecord[] {
    const due: ParticipantRecord[] = [];
    const last = Math.floor(nowMs / BUCKET_MS);
    for (let bucket = this.#sweptTo; bucket <= last; bucket += 1) {
      for (const record of this.#buckets.get(bucket) ?? []) {
        if (record.idleFromMs <= nowMs) due.push(record);
        else this.#moveToLaterBucket(record, nowMs);
        if (due.length === limit) return due;
      }
      // Stops at the first bucket with a due participant, which stays due until removed.
      if (due.length === 0) this.#sweptTo = bucket;
    }
    return due;
  }

  #moveToLaterBucket(record: ParticipantRecord, nowMs: number): void {
    this.remove(record);
    this.#put(record, Math.max(record.seenAtMs, Math.min(record.heldUntilMs, nowMs)) + record.idleTimeoutMs);
  }
}
