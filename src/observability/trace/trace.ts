import type { Clock } from '../../signalling/clock.ts';
import type { RoomId } from '../../signalling/ids.ts';
import type { GoneReason, Mailbox, OutgoingMessage, Receipt, ReceivedMessage } from '../../signalling/message.ts';
import type { EndedPoll, EndedReading, PollEnd, ReadingEnd, SentBatch, Telemetry } from '../../signalling/telemetry.ts';
import type { HeldSummary } from '../../signalling/waiters.ts';
import { EventRing, type RingSize, type StoredEvent } from './event-ring.ts';
import { Codes } from './names.ts';
import { render, type DeliveredBatch, type TraceEvent } from './render.ts';
import { KIND, type Row } from './row.ts';

/** 1.3 MB of rows, some 6,500 messages; and at most 0.6 MB of names with 64 characters. */
const DEFAULT_SIZE: RingSize = { rows: 32_768, names: 4_096 };

/** In one text. A call between two participants takes some 60 events; an idle poll adds one per window. */
const MAX_EVENTS = 400;

export interface TraceOptions {
  readonly size?: RingSize;
  /** Whether other processes serve the same rooms. */
  readonly isShared?: boolean;
}

/**
 * The latest events of all rooms, in the memory of this process. A restart clears it. It contains names, types and
 * times, never content. Ended rooms stay in it, because operators ask for those.
 */
export class Trace implements Telemetry {
  readonly #clock: Clock;
  readonly #ring: EventRing;
  readonly #isShared: boolean;
  readonly #types = new Codes<string>();
  readonly #reasons = new Codes<GoneReason>();
  readonly #ends = new Codes<PollEnd>();
  readonly #readingEnds = new Codes<ReadingEnd>();

  constructor(clock: Clock, { size = DEFAULT_SIZE, isShared = false }: TraceOptions = {}) {
    this.#clock = clock;
    this.#ring = new EventRing(size);
    this.#isShared = isShared;
  }

  /**
   * Returns a line per event, for people; `undefined` for a room without events.
   * @param held polls and sockets of the room that are held now
   */
  text(roomId: RoomId, held: readonly HeldSummary[]): string | undefined {
    const events = this.#ring.events(roomId, MAX_EVENTS).map((event) => this.#read(event));
    if (events.length === 0) return undefined;
    return render(roomId, { events, held, nowMs: this.#clock.wallMs(), isShared: this.#isShared });
  }

  joined(mailbox: Mailbox, resumed: boolean): void {
    this.#ring.add(KIND.joined, mailbox, this.#clock.wallMs()).code = Number(resumed);
  }

  departed(mailbox: Mailbox, reason: GoneReason, unread: number): void {
    const row = this.#ring.add(KIND.gone, mailbox, this.#clock.wallMs());
    row.code = this.#reasons.codeOf(reason);
    row.number = unread;
  }

  sent(sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void {
    const atMs = this.#clock.wallMs();
    messages.forEach(({ id, type }, index) => {
      const row = this.#ring.add(KIND.sent, sender, atMs);
      row.code = this.#types.codeOf(type);
      row.setMessageId(id);
      for (const { participantId, listening } of receipts[index]?.recipients ?? []) {
        this.#ring.addPart(KIND.recipient, participantId).code = Number(listening);
      }
    });
  }

  pollHeld(): void {
    // The held polls of a room are passed to `text`.
  }

  pollEnded(mailbox: Mailbox, { end, heldMs, messages, expired }: EndedPoll): void {
    const row = this.#ring.add(KIND.poll, mailbox, this.#clock.wallMs());
    row.code = this.#ends.codeOf(end);
    row.number = heldMs ?? NaN;
    row.count = expired;
    row.setMailboxId(mailbox.mailboxId);
    this.#addDelivered(messages);
  }

  batchSent(mailbox: Mailbox, { messages, expired }: SentBatch): void {
    const row = this.#ring.add(KIND.batch, mailbox, this.#clock.wallMs());
    row.count = expired;
    row.setMailboxId(mailbox.mailboxId);
    this.#addDelivered(messages);
  }

  readingEnded(mailbox: Mailbox, { end, readMs }: EndedReading): void {
    const row = this.#ring.add(KIND.reading, mailbox, this.#clock.wallMs());
    row.code = this.#readingEnds.codeOf(end);
    row.number = readMs;
  }

  /** A poll repeats its cursor until it receives something new. */
  acknowledged(mailbox: Mailbox, position: number): void {
    if (position <= (this.#ring.acknowledged(mailbox, MAX_EVENTS) ?? 0)) return;
    const row = this.#ring.add(KIND.acknowledged, mailbox, this.#clock.wallMs());
    row.number = position;
    row.setMailboxId(mailbox.mailboxId);
  }

  expired(mailbox: Mailbox): void {
    this.#ring.add(KIND.expired, mailbox, this.#clock.wallMs());
  }

  committed(): void {
    // A commit belongs to no single room.
  }

  #addDelivered(messages: readonly ReceivedMessage[]): void {
    for (const { id, type, position } of messages) {
      const part = this.#ring.addPart(KIND.delivered);
      part.code = this.#types.codeOf(type);
      part.number = position;
      part.setMessageId(id);
    }
  }

  #read({ row, parts }: StoredEvent): TraceEvent {
    const { atMs, code, number } = row;
    const base = { atMs, participantId: this.#ring.participantOf(row) };
    switch (row.kind) {
      case KIND.joined:
        return { kind: 'joined', ...base, resumed: code === 1 };
      case KIND.gone:
        return { kind: 'gone', ...base, reason: this.#reasons.valueOf(code), unread: number };
      case KIND.sent:
        return {
          kind: 'sent',
          ...base,
          ...this.#readMessage(row),
          recipients: parts.map((part) => this.#readRecipient(part)),
        };
      case KIND.poll:
        return {
          kind: 'poll',
          ...base,
          end: this.#ends.valueOf(code),
          heldMs: Number.isNaN(number) ? undefined : number,
          ...this.#readBatch(row, parts),
        };
      case KIND.batch:
        return { kind: 'batch', ...base, ...this.#readBatch(row, parts) };
      case KIND.reading:
        return { kind: 'reading', ...base, end: this.#readingEnds.valueOf(code), readMs: number };
      case KIND.acknowledged:
        return { kind: 'acknowledged', ...base, mailboxId: row.mailboxId, position: number };
      default:
        return { kind: 'expired', ...base };
    }
  }

  #readBatch(row: Row, parts: readonly Row[]): DeliveredBatch {
    const delivered = parts.map((part) => ({ ...this.#readMessage(part), position: part.number }));
    return { mailboxId: row.mailboxId, delivered, expired: row.count };
  }

  #readMessage(row: Row): { readonly id: string; readonly type: string } {
    return { id: row.messageId, type: this.#types.valueOf(row.code) };
  }

  #readRecipient(row: Row): { readonly participantId: string; readonly listening: boolean } {
    return { participantId: this.#ring.participantOf(row), listening: row.code === 1 };
  }
}
