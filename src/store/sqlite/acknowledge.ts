import { checkCursor, type Cursor } from '../../signalling/cursor.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { SqliteContext } from './context.ts';
import { expireOverdue } from './expire.ts';
import type { GroupCommit, Tx } from './group-commit.ts';
import type { ParticipantRecord } from './records.ts';

export function acknowledge(context: SqliteContext, tx: Tx, address: Mailbox, cursor: Cursor): void {
  const record = context.index.require(address);
  const { mailbox } = record;
  const { position } = cursor;
  if (cursor.mailboxId === mailbox.mailboxId && position <= mailbox.acknowledged) {
    writeAcknowledged(tx, record);
    return;
  }
  checkCursor(cursor, mailbox);
  tx.touch(address.roomId);
  // Runs first, so that messages that expired unacknowledged are reported to their senders.
  if (mailbox.expiresFromMs <= context.clock.steadyMs()) expireOverdue(context, tx, record);
  mailbox.acknowledge(position);
}

function writeAcknowledged(tx: Tx, { room, mailbox }: ParticipantRecord): void {
  if (!mailbox.hasUnwrittenAcknowledgement) return;
  tx.touch(room.roomId);
  mailbox.writeAcknowledged();
}

/**
 * Long enough to write the acknowledgements of a burst of candidates together; short enough to lose little in a crash.
 */
const WRITE_AFTER_MS = 250;

/**
 * Write-behind acknowledgements, for polls: they take effect in memory at once, and are written together later. Most
 * mailboxes of a call are acknowledged several times within the delay, and many are gone by then. A crash meanwhile
 * brings the messages back, and the client's cursor stays valid.
 */
export class WriteBehindAcknowledgements {
  readonly #context: SqliteContext;
  readonly #commit: GroupCommit;
  #waiting = new Set<ParticipantRecord>();
  #cancel: () => void = () => undefined;

  constructor(context: SqliteContext, commit: GroupCommit) {
    this.#context = context;
    this.#commit = commit;
  }

  /** No caller waits for it, and a refusal changes nothing: the next cursor repeats the acknowledgement. */
  add(address: Mailbox, cursor: Cursor): void {
    const record = this.#context.index.find(address);
    if (record?.mailboxId !== cursor.mailboxId) return;
    const { mailbox } = record;
    if (cursor.position <= mailbox.acknowledged || cursor.position > mailbox.head) return;
    const isOverdue = mailbox.expiresFromMs <= this.#context.clock.steadyMs();
    if (isOverdue || !mailbox.acknowledgeInMemory(cursor.position)) {
      this.#commit.run((tx) => acknowledge(this.#context, tx, address, cursor));
      return;
    }
    if (this.#waiting.size === 0) this.#writeLater();
    this.#waiting.add(record);
  }

  /** Writes all waiting acknowledgements as part of a transaction. */
  readonly writeAll = (tx: Tx): void => {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const record of waiting) {
      if (this.#context.index.byRow(record.row) === record) writeAcknowledged(tx, record);
    }
  };

  /** Retries acknowledgements that no transaction took. The next cursor repeats those of a failed transaction. */
  #writeLater(): void {
    this.#cancel = this.#context.clock.after(WRITE_AFTER_MS, () => {
      this.#commit.run(this.writeAll).then(undefined, () => {
        if (this.#waiting.size > 0) this.#writeLater();
      });
    });
  }

  stop(): void {
    this.#cancel();
    this.#waiting.clear();
  }
}
