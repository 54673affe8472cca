import { newMessageId, type ParticipantId } from '../../signalling/ids.ts';
import { MAX_ROOM_EVENTS } from '../../signalling/limits.ts';
import { messageBytes } from '../../signalling/message.ts';
import type { RoomEvent } from '../../signalling/room-events.ts';
import type { SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import type { ParticipantRecord, RoomRecord } from './records.ts';

/** Never refuses an event: beyond the allowance it drops the oldest event of the mailbox. */
export function deliverEvent({ clock }: SqliteContext, tx: Tx, to: ParticipantRecord, event: RoomEvent): void {
  tx.touch(to.room.roomId);
  if (to.mailbox.events >= MAX_ROOM_EVENTS) to.mailbox.dropOldestEvent();
  const sentAtMs = clock.wallMs();
  const nowMs = clock.steadyMs();
  to.mailbox.add({
    position: to.mailbox.nextPosition(nowMs),
    id: newMessageId(sentAtMs),
    senderRow: null,
    sender: null,
    addressed: 0,
    type: event.type,
    payload: event.payload,
    callId: null,
    sentAtMs,
    storedAtMs: Math.floor(nowMs),
    expiresAtMs: null,
    bytes: messageBytes(event),
    expired: 0,
  });
  tx.hint({ kind: 'messages', mailboxId: to.mailboxId });
}

/** Delivers the event to every participant of the room except its subject. */
export function announce(
  context: SqliteContext,
  tx: Tx,
  { room, about }: { room: RoomRecord; about: ParticipantId },
  event: RoomEvent,
): void {
  for (const participant of room.participants.values()) {
    if (participant.participantId !== about) deliverEvent(context, tx, participant, event);
  }
}
