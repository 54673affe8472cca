import type { Registry } from 'prom-client';
import { MESSAGE_TYPES, ROOM_EVENT_TYPES } from '../../wire/index.ts';
import { Counters, type Cell } from './counters.ts';

/** `delivered`: in a reply. `expired`, `undeliverable`: its lifetime, or its mailbox, ended before that. */
export type Outcome = 'delivered' | 'expired' | 'undeliverable';

interface Cells extends Record<Outcome, Cell> {
  readonly stored: Cell;
}

/** Types are checked long before; the label stays bounded even so. */
const OTHER = 'other';

/** The cells of every type, all there from the start: a series that begins at its first message shows no increase. */
export class MessageCounters {
  readonly #byType: ReadonlyMap<string, Cells>;
  readonly #other: Cells;

  constructor(registry: Registry) {
    const stored = new Counters(
      registry,
      'holdline_messages_stored_total',
      'Copies of messages put into mailboxes; a broadcast counts once per recipient, room events do not count.',
      ['type'],
    );
    const outcomes = new Counters(
      registry,
      'holdline_messages_total',
      'What became of copies, each counted once: delivered (in a reply, for the first time), expired (lifetime over before that), undeliverable (mailbox gone before that).',
      ['type', 'outcome'],
    );
    const cellsOf = (type: string): Cells => ({
      stored: stored.cell(type),
      delivered: outcomes.cell(type, 'delivered'),
      expired: outcomes.cell(type, 'expired'),
      undeliverable: outcomes.cell(type, 'undeliverable'),
    });
    this.#byType = new Map([...MESSAGE_TYPES, ...ROOM_EVENT_TYPES].map((type) => [type, cellsOf(type)]));
    this.#other = cellsOf(OTHER);
  }

  stored(type: string, copies: number): void {
    this.#cells(type).stored.count += copies;
  }

  count(type: string, outcome: Outcome): void {
    this.#cells(type)[outcome].count += 1;
  }

  #cells(type: string): Cells {
    return this.#byType.get(type) ?? this.#other;
  }
}
