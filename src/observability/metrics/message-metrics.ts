import type { Registry } from 'prom-client';
import type { MailboxId } from '../../signalling/ids.ts';
import type { ReceivedMessage } from '../../signalling/message.ts';
import type { Copy } from '../../signalling/telemetry.ts';
import { MESSAGE_TYPES, ROOM_EVENT_TYPES } from '../../wire/index.ts';
import { BucketHistogram, CellCounter, type Cell } from './cheap-metrics.ts';

const DELIVERY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

interface Cells {
  readonly stored: Cell;
  readonly delivered: Cell;
  readonly expired: Cell;
  readonly undeliverable: Cell;
}

/** Counts a type that no list has. Requests with such a type are refused, so this only keeps the label bounded. */
const OTHER = 'other';

/** What becomes of the copies of messages in mailboxes. */
export class MessageMetrics {
  readonly #cellsByType: ReadonlyMap<string, Cells>;
  readonly #otherCells: Cells;
  readonly #delivered = new DeliveredPositions();
  readonly #delivery = new BucketHistogram({
    name: 'holdline_delivery_seconds',
    help: 'Time from the commit of a message to the first reply with it. poll="held": a poll was waiting for it; poll="pending": it waited for a poll.',
    label: 'poll',
    bounds: DELIVERY_SECONDS,
  });
  readonly #deliveredHeld = this.#delivery.buckets('held');
  readonly #deliveredPending = this.#delivery.buckets('pending');

  constructor(registry: Registry) {
    const stored = new CellCounter(
      registry,
      'holdline_messages_stored_total',
      'Copies of messages put into mailboxes. A broadcast counts once per recipient; room events do not count.',
      ['type'],
    );
    const outcomes = new CellCounter(
      registry,
      'holdline_messages_total',
      'What became of copies of messages. Each counts once: delivered (first reply with it), expired (its lifetime ended before that) or undeliverable (its mailbox ended before that).',
      ['type', 'outcome'],
    );
    const cellsOf = (type: string): Cells => ({
      stored: stored.cell(type),
      delivered: outcomes.cell(type, 'delivered'),
      expired: outcomes.cell(type, 'expired'),
      undeliverable: outcomes.cell(type, 'undeliverable'),
    });
    // All series exist from the start: a series that begins with its first message shows no increase.
    this.#cellsByType = new Map([...MESSAGE_TYPES, ...ROOM_EVENT_TYPES].map((type) => [type, cellsOf(type)]));
    this.#otherCells = cellsOf(OTHER);
  }

  stored(type: string, copies: number): void {
    this.#cells(type).stored.count += copies;
  }

  /** Counts the messages of a reply that no earlier reply held. */
  replied(mailboxId: MailboxId, messages: readonly ReceivedMessage[], wasHeld: boolean): void {
    const last = messages.at(-1);
    if (last === undefined) return;
    const seconds = wasHeld ? this.#deliveredHeld : this.#deliveredPending;
    const deliveredUpTo = this.#delivered.upTo(mailboxId);
    for (const { type, position, ageMs } of messages) {
      if (position <= deliveredUpTo) continue;
      this.#cells(type).delivered.count += 1;
      seconds.observe(ageMs / 1_000);
    }
    this.#delivered.record(mailboxId, last.position);
  }

  acknowledged(mailboxId: MailboxId, position: number): void {
    this.#delivered.acknowledge(mailboxId, position);
  }

  expired(mailboxId: MailboxId, { type, position }: Copy): void {
    if (position > this.#delivered.upTo(mailboxId)) this.#cells(type).expired.count += 1;
  }

  departed(mailboxId: MailboxId, unread: readonly Copy[]): void {
    const deliveredUpTo = this.#delivered.upTo(mailboxId);
    for (const { type, position } of unread) if (position > deliveredUpTo) this.#cells(type).undeliverable.count += 1;
    this.#delivered.forget(mailboxId);
  }

  deliveryText(): string {
    return this.#delivery.text();
  }

  #cells(type: string): Cells {
    return this.#cellsByType.get(type) ?? this.#otherCells;
  }
}

/**
 * The last position of each mailbox that was in a reply, so that a message which is sent again counts once. Holds a mailbox only from
 * a reply to its acknowledgement.
 */
class DeliveredPositions {
  readonly #positions = new Map<MailboxId, number>();

  /** 0 when every delivered message is acknowledged: acknowledged messages are never read again. */
  upTo(mailboxId: MailboxId): number {
    return this.#positions.get(mailboxId) ?? 0;
  }

  record(mailboxId: MailboxId, position: number): void {
    if (position > this.upTo(mailboxId)) this.#positions.set(mailboxId, position);
  }

  acknowledge(mailboxId: MailboxId, position: number): void {
    if (position >= this.upTo(mailboxId)) this.#positions.delete(mailboxId);
  }

  forget(mailboxId: MailboxId): void {
    this.#positions.delete(mailboxId);
  }
}
