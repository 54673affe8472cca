import type { SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import type { ParticipantRecord } from './records.ts';

/** Brings the rows to what memory has. */
export function writeAcknowledged(context: SqliteContext, tx: Tx, record: ParticipantRecord): void {
  if (record.writtenAcknowledged === record.acknowledged) return;
  tx.touch(record.room.roomId);
  context.statements.deleteUpTo.run(record.row, record.acknowledged);
  context.statements.setAcknowledged.run(record.acknowledged, record.row);
  record.writtenAcknowledged = record.acknowledged;
}
