import type { Registry } from 'prom-client';
import type { MailboxId } from '../../signalling/ids.ts';
import type { ReceivedMessage } from '../../signalling/message.ts';
import { MESSAGE_TYPES } from '../../wire/index.ts';
import { BucketHistogram, CellCounter, type Cell } from './cheap-metrics.ts';

const DELIVERY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Counts unlisted types. Requests with such a type are refused, so this label value only bounds the label. */
const OTHER = 'other';

/** Counts stored messages and the outcomes of their copies in mailboxes. */
export class MessageMetrics {
  readonly #storedByType: ReadonlyMap<string, Cell>;
  readonly #storedOther: Cell;
  readonly #deliveredCell: Cell;
  readonly #expiredCell: Cell;
  readonly #undeliverableCell: Cell;
  readonly #delivered = new DeliveredPositions();
  readonly #delivery = new BucketHistogram({
    name: 'holdline_delivery_seconds',
    help: 'Time from the commit of a message to the first reply with it, without room events. poll="held": a poll was waiting for it; poll="pending": it waited for a poll.',
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
      'What became of copies of messages. Each counts once: delivered (first reply with it), expired (its lifetime ended before that) or undeliverable (its mailbox ended before that). Room events do not count.',
      ['outcome'],
    );
    // All series exist from the start: a series that begins with its first message shows no increase.
    this.#storedByType = new Map(MESSAGE_TYPES.map((type) => [type, stored.cell(type)]));
    this.#storedOther = stored.cell(OTHER);
    this.#deliveredCell = outcomes.cell('delivered');
    this.#expiredCell = outcomes.cell('expired');
    this.#undeliverableCell = outcomes.cell('undeliverable');
  }

  stored(type: string, copies: number): void {
    (this.#storedByType.get(type) ?? this.#storedOther).count += copies;
  }

  /** Counts the messages of a reply that no earlier reply contained. */
  replied(mailboxId: MailboxId, messages: readonly ReceivedMessage[], wasHeld: boolean): void {
    const seconds = wasHeld ? this.#deliveredHeld : this.#deliveredPending;
    for (const { sender, position, ageMs } of messages) {
      if (sender === undefined || !this.#delivered.add(mailboxId, position)) continue;
      this.#deliveredCell.count += 1;
      seconds.observe(ageMs / 1_000);
    }
  }

  acknowledged(mailboxId: MailboxId, position: number): void {
    this.#delivered.acknowledge(mailboxId, position);
  }

  expired(mailboxId: MailboxId, position: number): void {
    if (!this.#delivered.remove(mailboxId, position)) this.#expiredCell.count += 1;
  }

  departed(mailboxId: MailboxId, unread: number): void {
    this.#undeliverableCell.count += Math.max(0, unread - this.#delivered.end(mailboxId));
  }

  deliveryText(): string {
    return this.#delivery.text();
  }
}

/**
 * Bounds the memory for mailboxes whose end another process reports. After an eviction, a repeated delivery counts
 * twice.
 */
const MAX_MAILBOXES = 100_000;

/**
 * The positions of messages that were in a reply and are not acknowledged yet, so that each message counts once. Holds
 * a mailbox only from a reply to its acknowledgement.
 */
class DeliveredPositions {
  /** Ascending. */
  readonly #positions = new Map<MailboxId, number[]>();

  /** @returns false when it was delivered before */
  add(mailboxId: MailboxId, position: number): boolean {
    const positions = this.#positions.get(mailboxId);
    if (positions === undefined) {
      if (this.#positions.size >= MAX_MAILBOXES) this.#positions.clear();
      this.#positions.set(mailboxId, [position]);
    } else if (position > (positions.at(-1) ?? 0)) positions.push(position);
    else return false;
    return true;
  }

  acknowledge(mailboxId: MailboxId, position: number): void {
    const left = this.#positions.get(mailboxId)?.filter((delivered) => delivered > position) ?? [];
    if (left.length === 0) this.#positions.delete(mailboxId);
    else this.#positions.set(mailboxId, left);
  }

  /** @returns whether it was delivered */
  remove(mailboxId: MailboxId, position: number): boolean {
    const positions = this.#positions.get(mailboxId) ?? [];
    const index = positions.indexOf(position);
    if (index !== -1) positions.splice(index, 1);
    return index !== -1;
  }

  /** @returns how many were delivered and not acknowledged */
  end(mailboxId: MailboxId): number {
    const count = this.#positions.get(mailboxId)?.length ?? 0;
    this.#positions.delete(mailboxId);
    return count;
  }
}
