import type { Cursor } from '../../signalling/cursor.ts';
import type { Mailbox } from '../../signalling/message.ts';
import { acknowledge, acknowledgeInMemory } from './acknowledge.ts';
import type { SqliteContext } from './context.ts';
import type { GroupCommit, Tx } from './group-commit.ts';
import type { ParticipantRecord } from './records.ts';
import { writeAcknowledged } from './write-acknowledged.ts';

/** Long enough for a burst of candidates to be acknowledged in one write, short enough to bring little back after a crash. */
const WRITE_AFTER_MS = 250;

/** Acknowledgements of polls: they take effect at once, and are written together. */
export class LateAcknowledgements {
  readonly #context: SqliteContext;
  readonly #commit: GroupCommit;
  #waiting = new Set<ParticipantRecord>();
  #cancel: () => void = () => undefined;

  constructor(context: SqliteContext, commit: GroupCommit) {
    this.#context = context;
    this.#commit = commit;
  }

  /** Nobody waits for it, and a refusal changes nothing: the next cursor brings it again. */
  note(mailbox: Mailbox, cursor: Cursor): void {
    const record = this.#context.directory.find(mailbox);
    if (record?.mailboxId !== cursor.mailboxId || cursor.position <= record.acknowledged) return;
    if (cursor.position > record.head) return;
    if (!acknowledgeInMemory(this.#context, record, cursor.position)) {
      this.#commit.run((tx) => acknowledge(this.#context, tx, mailbox, cursor)).catch(() => undefined);
      return;
    }
    if (this.#waiting.size === 0) this.#writeLater();
    this.#waiting.add(record);
  }

  /** As part of a transaction. */
  readonly writeAll = (tx: Tx): void => {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const record of waiting) {
      if (this.#context.directory.byRow(record.row) === record) writeAcknowledged(this.#context, tx, record);
    }
  };

  /** Those that no transaction took are tried again; what a failed one took comes again with the next cursor. */
  #writeLater(): void {
    this.#cancel = this.#context.clock.after(WRITE_AFTER_MS, () => {
      this.#commit.run(this.writeAll).catch(() => {
        if (this.#waiting.size > 0) this.#writeLater();
      });
    });
  }

  stop(): void {
    this.#cancel();
    this.#waiting.clear();
  }
}
