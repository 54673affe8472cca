import assert from 'node:assert/strict';
import { decodeCursor } from '../../../src/signalling/cursor.ts';
import type { MessageId } from '../../../src/signalling/ids.ts';
import type { ReceivedMessage } from '../../../src/signalling/message.ts';
import type { Batch } from '../../../src/signalling/receive.ts';
import type { JoinOutcome } from '../../../src/signalling/join.ts';

/** A message that was accepted for this mailbox. */
export interface Accepted {
  readonly id: MessageId;
  readonly sender: Client;
  readonly acceptedAtMs: number;
  readonly expiresAtMs: number;
}

/** Where an answer starts. */
export interface Start {
  readonly after: string | undefined;
  /** Another possible start: the client acknowledged beyond `after` while the answer was read. */
  readonly orAfter?: { readonly after: string | undefined } | undefined;
  /** When it began. */
  readonly surelyAcknowledged: number;
}

/** A poll, or the reading of a socket. */
export interface Reader extends Start {
  readonly transport: 'poll' | 'socket';
  readonly client: Client;
  /** Whether its answers get lost. */
  readonly lost: boolean;
  /** Sequence number by the start. */
  readonly number: number;
  /** Its participant departed or was taken over, so it must end. */
  isOver: boolean;
  hungUp: boolean;
  hangUp: () => void;
  /** It was held when nothing changed any more. */
  wasHeld: boolean;
  ended: boolean;
}

export interface PollInFlight extends Reader {
  readonly startedAtMs: number;
  readonly windowMs: number;
}

/** One incarnation of a participant: the messages sent to it, and those it has received. */
export class Client {
  readonly joined: JoinOutcome;
  isThere = true;
  readonly accepted: Accepted[] = [];
  readonly seen = new Set<MessageId>();
  /** `<message id> <recipient>` of each report of an expired message that it received. */
  readonly reports = new Set<string>();
  /**
   * For every cursor that the server issued: how many accepted messages are at or before it. More than one number is
   * possible when a page began at an unknown place and contained only events and gaps.
   */
  readonly #indexes = new Map<string, readonly number[]>();
  /** Cursors that arrived, the furthest last. */
  readonly cursors: string[] = [];
  /** Positions: everything up to `surely` is acknowledged; everything up to `perhaps` may be. */
  #acknowledged = { surely: 0, perhaps: 0 };
  /** Ages of its polls that were cut off or superseded, as far as the server may count them. */
  readonly cutsMs: number[] = [];
  /** Whether a hint was lost or delayed since its polls began. */
  missedHint = false;
  /** While it has no reader, it counts as listening until then at most; `Infinity`: unknown, after a restart. */
  listensUntilMs = -Infinity;

  constructor(joined: JoinOutcome) {
    this.joined = joined;
    this.#indexes.set(joined.cursor, [0]);
    this.cursors.push(joined.cursor);
  }

  noteCut(ageMs: number): void {
    if (ageMs > 2_000) this.cutsMs.push(ageMs);
  }

  /** The acknowledged position that the server reports must be that of a cursor which the client sent back. */
  continuedAt(cursor: string): void {
    assert.ok(this.#indexes.has(cursor) && this.#mayBeAcknowledged(cursor, 0), 'continued at the wrong place');
  }

  acknowledgedUpTo(cursor: string, how: 'surely' | 'perhaps'): void {
    const position = positionOf(cursor);
    this.#acknowledged.perhaps = Math.max(this.#acknowledged.perhaps, position);
    if (how === 'surely') this.#acknowledged.surely = Math.max(this.#acknowledged.surely, position);
  }

  mayHaveExpired(cursor: string): boolean {
    return positionOf(cursor) < this.#acknowledged.perhaps;
  }

  get surelyAcknowledged(): number {
    return this.#acknowledged.surely;
  }

  /** Messages after that start that have not expired. */
  waiting(start: Start, nowMs: number): Accepted[] {
    const from = Math.max(...this.#starts(start));
    return this.accepted.slice(from).filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }

  #mayBeAcknowledged(cursor: string, surely: number): boolean {
    const position = positionOf(cursor);
    return position >= surely && position <= this.#acknowledged.perhaps;
  }

  /** Possible start indexes. Without a cursor, an answer starts at any cursor that may be acknowledged. */
  #starts({ after, orAfter, surelyAcknowledged }: Start): number[] {
    const isStart = (cursor: string, from: string | undefined): boolean =>
      from === undefined ? this.#mayBeAcknowledged(cursor, surelyAcknowledged) : cursor === from;
    const possible = [...this.#indexes].filter(
      ([cursor]) => isStart(cursor, after) || (orAfter !== undefined && isStart(cursor, orAfter.after)),
    );
    assert.notEqual(possible.length, 0, 'a cursor that was never issued');
    return possible.flatMap(([, indexes]) => indexes);
  }

  /**
   * The batch must be the next part of the accepted messages: in order and complete; missing messages must have expired
   * and must be counted.
   */
  take(start: Start, batch: Batch, nowMs: number): void {
    const own = batch.messages.filter(({ sender }) => sender !== undefined);
    assert.equal(new Set(batch.messages.map(({ id }) => id)).size, batch.messages.length, 'a message came twice');
    const ends = this.#starts(start).map((from) => this.#follow(from, own, batch.expired, nowMs));
    const known = this.#indexes.get(batch.cursor);
    const possible = ends.filter((end) => end !== undefined && (known?.includes(end) ?? true));
    assert.notEqual(possible.length, 0, 'something was skipped, doubled or out of order');
    this.#indexes.set(batch.cursor, [...new Set(possible.map(Number))]);
  }

  /** @returns how many accepted messages the batch leaves behind it; undefined when it is not what comes next */
  #follow(start: number, own: readonly ReceivedMessage[], expired: number, nowMs: number): number | undefined {
    let at = start;
    let missing = expired;
    for (const { id } of own) {
      while (this.accepted[at]?.id !== id) if (!this.#isMissing(at++, nowMs) || missing-- === 0) return undefined;
      at += 1;
    }
    for (; missing > 0; missing -= 1) if (!this.#isMissing(at++, nowMs)) return undefined;
    return at;
  }

  #isMissing(at: number, nowMs: number): boolean {
    return (this.accepted[at]?.expiresAtMs ?? Infinity) <= nowMs;
  }

  /** The batch has arrived. */
  see(batch: Batch): void {
    for (const { id, sender, type, payload } of batch.messages) {
      if (sender !== undefined) this.seen.add(id);
      if (type !== 'message-expired') continue;
      const { messageId, to } = JSON.parse(payload ?? '') as { messageId: string; to: string };
      this.reports.add(`${messageId} ${to}`);
    }
    if (positionOf(batch.cursor) > Math.max(...this.cursors.map(positionOf))) this.cursors.push(batch.cursor);
  }
}

export const positionOf = (cursor: string): number => decodeCursor(cursor).position;
