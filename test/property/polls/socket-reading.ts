import assert from 'node:assert/strict';
import type { Clock } from '../../../src/signalling/clock.ts';
import { decodeCursor } from '../../../src/signalling/cursor.ts';
import { SignallingError } from '../../../src/signalling/errors.ts';
import { MAX_BATCH_BYTES } from '../../../src/signalling/limits.ts';
import type { Reading } from '../../../src/signalling/reading.ts';
import type { Batch } from '../../../src/signalling/receive.ts';
import type { Signalling } from '../../../src/signalling/signalling.ts';
import type { ReadingEnd } from '../../../src/signalling/telemetry.ts';
import { TICK_MS } from '../../../src/signalling/timing-wheel.ts';
import { positionOf, type Client, type Reader, type Start } from './client.ts';

const HEARTBEAT_MS = 20_000;
const ANSWERED_WITHIN_MS = 10_000;
const MAX_AHEAD = 4;
const ROOM_FOR_ONE_BYTES = 65_536;
/** Claimed for each message, so that a few of them fill the bytes that may be sent ahead. */
const MESSAGE_BYTES = 30_000;

export interface ReadingOptions {
  readonly number: number;
  readonly after: string | undefined;
  readonly limit: number;
  readonly answers: 'at once' | 'later';
}

/** What a reading uses of its simulation. */
export interface ReadingContext {
  readonly signalling: Signalling;
  readonly clock: Clock;
  /** False once the process has ended. */
  readonly isAlive: () => boolean;
  /** Called when the reading has done something. The judgement waits until all has come to rest. */
  readonly note: (judge: () => void) => void;
  /** The reader has ended; a participant may count as listening for a while after it. */
  readonly left: (reader: Reader, how: 'answered' | 'cut') => void;
  readonly hasNewer: (reader: Reader) => boolean;
  readonly isDraining: () => boolean;
}

/** The reading of one mailbox by a socket, seen by its client, which acknowledges as `src/socket` does. */
export class SocketReading implements Reader {
  readonly transport = 'socket';
  readonly client: Client;
  readonly number: number;
  readonly surelyAcknowledged: number;
  lost = false;
  isOver = false;
  hungUp = false;
  wasHeld = false;
  ended = false;
  /** Where the next batch starts. */
  after: string | undefined;
  orAfter: Start['orAfter'];
  readonly #context: ReadingContext;
  readonly #options: ReadingOptions;
  readonly #reading: Reading;
  /** Batches that carry something and are not acknowledged. */
  #ahead: { readonly position: number; readonly bytes: number }[] = [];
  /** When each batch was sent that is not answered. */
  readonly #unanswered: number[] = [];
  #lastBatch: { readonly atMs: number; readonly more: boolean } | undefined;

  constructor(client: Client, options: ReadingOptions, context: ReadingContext) {
    this.client = client;
    this.number = options.number;
    this.after = options.after;
    this.surelyAcknowledged = client.surelyAcknowledged;
    this.#options = options;
    this.#context = context;
    if (options.after !== undefined) client.acknowledgedUpTo(options.after, 'perhaps');
    const after = options.after === undefined ? undefined : decodeCursor(options.after);
    this.#reading = context.signalling.read(
      client.joined.mailbox,
      { after, limit: options.limit },
      { send: (batch) => this.#sent(batch), ended: (end, error) => this.#onEnded(end, error) },
    );
  }

  start(): void {
    this.#reading.start();
  }

  hangUp = (): void => this.#reading.end({ kind: 'hung-up' });

  /** Whether the server must wait for an acknowledgement before it sends more. */
  get isFull(): boolean {
    const bytes = this.#ahead.reduce((sum, batch) => sum + batch.bytes, 0);
    return this.#ahead.length >= MAX_AHEAD || bytes + ROOM_FOR_ONE_BYTES > MAX_BATCH_BYTES;
  }

  /** What must be true whenever nothing changes any more. */
  check(): void {
    this.orAfter = undefined;
    const nowMs = this.#context.clock.steadyMs();
    const dueMs = (this.#unanswered[0] ?? Infinity) + ANSWERED_WITHIN_MS;
    assert.ok(nowMs <= dueMs + TICK_MS, 'a reading goes on although its client is silent');
    assert.ok(nowMs <= this.#lastBatchAtMs + HEARTBEAT_MS + TICK_MS, 'a heartbeat is missing');
    if (this.isFull) return;
    const waiting = this.client.waiting(this, nowMs);
    const overdue = this.client.missedHint
      ? waiting.filter(({ acceptedAtMs }) => acceptedAtMs < nowMs - HEARTBEAT_MS - TICK_MS)
      : waiting;
    assert.deepEqual(overdue, [], 'a message waits beside a reading');
  }

  /** Answers one batch, with the last cursor that was handled. */
  async answer(cursor: string): Promise<void> {
    if (this.ended || this.lost || !this.#context.isAlive()) return;
    const decoded = decodeCursor(cursor);
    const { client } = this;
    client.acknowledgedUpTo(cursor, 'perhaps');
    if (this.#reading.hasSent(decoded)) {
      this.#answered(decoded.position);
      this.#reading.acknowledge(decoded);
      return;
    }
    const acknowledged = this.#context.signalling.acknowledge(client.joined.mailbox, decoded).then(() => {
      client.acknowledgedUpTo(cursor, 'surely');
      if (this.#isBefore(cursor)) [this.after, this.orAfter] = [cursor, { after: this.after }];
      this.#answered(decoded.position);
    });
    await this.#reading.skipTo(decoded, acknowledged);
  }

  #answered(upTo: number): void {
    this.#unanswered.shift();
    this.#ahead = this.#ahead.filter(({ position }) => position > upTo);
  }

  #isBefore(cursor: string): boolean {
    return this.after === undefined || positionOf(this.after) < positionOf(cursor);
  }

  get #lastBatchAtMs(): number {
    return this.#lastBatch?.atMs ?? -Infinity;
  }

  #sent(batch: Batch): number {
    const bytes = batch.messages.length * MESSAGE_BYTES;
    if (!this.#context.isAlive()) return bytes;
    assert.ok(!this.ended, 'a batch was sent after the end');
    const nowMs = this.#context.clock.steadyMs();
    const { after, orAfter, surelyAcknowledged, lost } = this;
    const start: Start = { after, orAfter, surelyAcknowledged };
    const isDue = nowMs >= this.#lastBatchAtMs + HEARTBEAT_MS || this.#lastBatch === undefined;
    const isFirst = this.#lastBatch === undefined;
    this.#lastBatch = { atMs: nowMs, more: batch.more };
    this.#unanswered.push(nowMs);
    if (!isEmpty(batch)) {
      assert.ok(!this.isFull, 'sent too far ahead of the last acknowledgement');
      this.#ahead.push({ position: positionOf(batch.cursor), bytes });
    }
    if (this.#isBefore(batch.cursor)) this.after = batch.cursor;
    this.#context.note(() => this.#judge({ batch, start, nowMs, lost, isFirst, isDue }));
    if (this.#options.answers === 'at once') setImmediate(() => void this.answer(this.#handled(batch)));
    return bytes;
  }

  /** The furthest cursor that was handled, once this batch is. */
  #handled({ cursor }: Batch): string {
    const furthest = this.client.cursors.at(-1);
    return furthest !== undefined && positionOf(furthest) > positionOf(cursor) ? furthest : cursor;
  }

  #judge({ batch, start, nowMs, lost, isFirst, isDue }: Sent): void {
    assert.ok(!isEmpty(batch) || isDue, 'an empty batch was sent without a reason');
    this.client.take(start, batch, nowMs);
    if (!lost) this.client.see(batch);
    if (!isFirst || !isEmpty(batch)) return;
    const missed = this.client.waiting(start, nowMs).filter(({ acceptedAtMs }) => acceptedAtMs < nowMs);
    assert.deepEqual(missed, [], 'the first batch is empty although a message was there');
  }

  #onEnded(end: ReadingEnd, error: unknown): void {
    if (!this.#context.isAlive()) return;
    assert.ok(!this.ended, 'ended twice');
    this.ended = true;
    if (end === 'draining') this.#context.left(this, 'answered');
    if (end === 'hung-up' || end === 'silent') this.#context.left(this, 'cut');
    const nowMs = this.#context.clock.steadyMs();
    this.#context.note(() => this.#judgeEnd(end, error, nowMs));
  }

  #judgeEnd(end: ReadingEnd, error: unknown, nowMs: number): void {
    if (end === 'refused') this.#judgeRefusal(error);
    else if (end === 'draining') this.#judgeDrained(nowMs);
    else assert.ok(this.#mayEnd(end, error, nowMs), `ended as ${end} without a reason`);
  }

  #mayEnd(end: 'hung-up' | 'silent' | 'superseded' | 'gone', error: unknown, nowMs: number): boolean {
    if (end === 'hung-up') return this.hungUp;
    if (end === 'silent') return nowMs >= (this.#unanswered[0] ?? Infinity) + ANSWERED_WITHIN_MS;
    if (end === 'superseded') return this.#context.hasNewer(this);
    const { code, details } = error as SignallingError;
    return code === 'participant-gone' && (!this.client.isThere || details.reason === 'replaced');
  }

  #judgeDrained(nowMs: number): void {
    assert.ok(this.#context.isDraining(), 'ended by a drain while the process stays');
    if (this.isFull || this.#lastBatch?.more === true) return;
    const missed = this.client.waiting(this, nowMs).filter(({ acceptedAtMs }) => acceptedAtMs < nowMs);
    assert.deepEqual(missed, [], 'drained before a message that was there was sent');
  }

  /** Its cursor is expired only if the client has acknowledged more by other means. */
  #judgeRefusal(error: unknown): void {
    if (!(error instanceof SignallingError)) throw error;
    if (error.code === 'participant-gone') {
      assert.ok(!this.client.isThere, 'refused as gone while it is present');
      return;
    }
    assert.equal(error.code, 'cursor-expired');
    assert.ok(this.after !== undefined && this.client.mayHaveExpired(this.after), 'a good cursor was refused');
    this.client.continuedAt(error.details.resetCursor ?? '');
  }
}

interface Sent {
  readonly batch: Batch;
  readonly start: Start;
  readonly nowMs: number;
  readonly lost: boolean;
  readonly isFirst: boolean;
  readonly isDue: boolean;
}

const isEmpty = (batch: Batch): boolean => batch.messages.length === 0 && batch.expired === 0;
