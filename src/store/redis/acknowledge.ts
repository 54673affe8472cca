import { checkCursor, type Cursor } from '../../signalling/cursor.ts';
import type { Mailbox } from '../../signalling/message.ts';
import { Expirations, Position } from './replies.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS } from './scripts.ts';

export async function acknowledge(rooms: RoomScripts, mailbox: Mailbox, cursor: Cursor): Promise<void> {
  const { roomId, mailboxId } = mailbox;
  const { status, said } = await rooms.runFor(mailbox, SCRIPTS.acknowledge, [cursor.mailboxId, cursor.position]);
  if (status === 'cursor-expired') {
    const [acknowledged, head] = Position.parse(said);
    checkCursor(cursor, { mailboxId, acknowledged, head });
    throw new Error('acknowledge.lua refused a cursor that is good');
  }
  const [expirations] = Expirations.parse(said);
  rooms.tell(roomId, [], expirations);
}
