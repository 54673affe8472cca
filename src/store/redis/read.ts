import { checkCursor } from '../../signalling/cursor.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { Page, ReadRange } from '../../signalling/store.ts';
import { pageOf } from './entries.ts';
import type { Presence } from './presence.ts';
import { Read } from './replies.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';

export async function read(
  rooms: RoomScripts,
  presence: Presence,
  mailbox: Mailbox,
  { after, limit, maxBytes }: ReadRange,
): Promise<Page> {
  const { participantId, mailboxId } = mailbox;
  const own = [after?.mailboxId ?? '', after?.position ?? '', limit, maxBytes];
  const { said, nowMs } = await rooms.runFor(mailbox, SCRIPTS.read, own);
  const [acknowledged, head, hold, isElsewhere, entries] = Read.parse(said);
  if (after !== undefined) checkCursor(after, { mailboxId, acknowledged, head });
  presence.noteRead(mailbox, { acknowledged, hold, isElsewhere });
  return pageOf(entries, { reader: participantId, from: after?.position ?? acknowledged, head, nowMs });
}
