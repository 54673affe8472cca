import type { ReceivedMessage } from '../../signalling/message.ts';

/** One place of a mailbox: a message, or the gap that `expired` messages left. */
export interface Entry extends Omit<ReceivedMessage, 'ageMs'> {
  readonly bytes: number;
  readonly isEvent: boolean;
  /** 0 for a message. */
  readonly expired: number;
  /** Steady ms; Infinity for room events and gaps. */
  readonly expiresAtMs: number;
  readonly storedAtMs: number;
}

/** What it needs of a participant's record. */
interface Tailed {
  readonly head: number;
  tail: Entry[];
  tailFrom: number;
}

/** Per mailbox: a burst of candidates fits; a mailbox that nobody reads does not pile up in memory. */
const MAX_ENTRIES = 32;
/** Over all mailboxes. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * The newest messages of each mailbox as they were committed, so that the poll which waits for them need not read them back
 * (measured: a tenth of the CPU time per message). Everything behind `record.tailFrom` is in `record.tail`; what is before it
 * must be read from the rows, which stay the truth.
 */
export class Tails {
  #bytes = 0;

  add(record: Tailed, entry: Entry): void {
    if (this.#bytes + entry.bytes > MAX_BYTES || record.tail.length >= MAX_ENTRIES) {
      this.clear(record, entry.position);
      return;
    }
    record.tail.push(entry);
    this.#bytes += entry.bytes;
  }

  dropUpTo(record: Tailed, position: number): void {
    let count = 0;
    for (const entry of record.tail) {
      if (entry.position > position) break;
      this.#bytes -= entry.bytes;
      count += 1;
    }
    if (count > 0) record.tail.splice(0, count);
    record.tailFrom = Math.max(record.tailFrom, position);
  }

  /** From now on only what comes behind `position` is remembered. */
  clear(record: Tailed, position = record.head): void {
    for (const entry of record.tail) this.#bytes -= entry.bytes;
    record.tail = [];
    record.tailFrom = position;
  }
}
