import { MAX_GAPS } from '../../signalling/limits.ts';
import type { SqliteContext } from './context.ts';
import type { ParticipantRecord } from './records.ts';

/**
 * Keeps the rows of a mailbox that nobody reads bounded: each run of neighbouring gaps becomes one row at the run's end. A
 * cursor inside such a run then counts the whole run as expired: too much rather than too little.
 */
export function compactGaps(context: SqliteContext, mailbox: ParticipantRecord): void {
  if (mailbox.gaps <= MAX_GAPS) return;
  let carried = 0;
  let previous: number | undefined;
  for (const row of context.statements.gapsAndMessages.all(mailbox.row, mailbox.acknowledged)) {
    const isGap = row.expired > 0;
    if (isGap && previous !== undefined) {
      context.statements.deleteMessage.run(previous);
      mailbox.gaps -= 1;
    }
    carried = isGap ? carried + row.expired : 0;
    if (carried > row.expired) context.statements.setGap.run(carried, row.rowid);
    previous = isGap ? row.rowid : undefined;
  }
}
