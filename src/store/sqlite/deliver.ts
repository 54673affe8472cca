import { newMessageId, type JsonText, type MessageId, type ParticipantId } from '../../signalling/ids.ts';
import { MAX_ROOM_EVENTS } from '../../signalling/limits.ts';
import { messageBytes } from '../../signalling/message.ts';
import type { RoomEvent } from '../../signalling/room-events.ts';
import type { SqliteContext } from './context.ts';
import { compactGaps } from './gaps.ts';
import type { Tx } from './group-commit.ts';
import type { ParticipantRecord, RoomRecord } from './records.ts';
import type { Entry } from './tail.ts';

interface Delivery {
  readonly id: MessageId;
  /** Undefined: a room event. */
  readonly sender: ParticipantRecord | undefined;
  readonly addressed: boolean;
  readonly type: string;
  readonly payload: JsonText | undefined;
  readonly callId: string | undefined;
  readonly sentAtMs: number;
  /** Infinity for room events. */
  readonly lifetimeMs: number;
  readonly bytes: number;
}

/** Puts one copy at the end of a mailbox. */
export function deliver(context: SqliteContext, tx: Tx, to: ParticipantRecord, delivery: Delivery): void {
  const nowMs = context.clock.steadyMs();
  const position = Math.max(to.head + 1, Math.floor(nowMs * 1_000));
  const expiresAtMs = nowMs + delivery.lifetimeMs;
  context.statements.insertMessage.run(
    to.row,
    position,
    delivery.id,
    delivery.sender?.row ?? null,
    delivery.sender?.participantId ?? null,
    delivery.addressed ? 1 : 0,
    delivery.type,
    delivery.payload ?? null,
    delivery.callId ?? null,
    delivery.sentAtMs,
    Math.floor(nowMs),
    expiresAtMs === Infinity ? null : Math.floor(expiresAtMs),
    delivery.bytes,
  );
  to.head = position;
  context.directory.tails.add(to, entryOf(to, delivery, position, nowMs, expiresAtMs));
  count(context, to, delivery, expiresAtMs);
  tx.hint({ kind: 'messages', mailboxId: to.mailboxId });
}

function entryOf(
  to: ParticipantRecord,
  delivery: Delivery,
  position: number,
  nowMs: number,
  expiresAtMs: number,
): Entry {
  const { id, sender, addressed, type, payload, callId, sentAtMs, bytes } = delivery;
  return {
    position,
    bytes,
    isEvent: sender === undefined,
    expired: 0,
    expiresAtMs,
    storedAtMs: Math.floor(nowMs),
    id,
    from: sender?.participantId,
    to: addressed ? to.participantId : undefined,
    type,
    payload,
    callId,
    sentAtMs,
  };
}

function count(context: SqliteContext, to: ParticipantRecord, delivery: Delivery, expiresAtMs: number): void {
  context.directory.liveBytes += delivery.bytes;
  if (delivery.sender === undefined) {
    to.events += 1;
    to.eventBytes += delivery.bytes;
    return;
  }
  to.messages += 1;
  to.messageBytes += delivery.bytes;
  to.expiresFromMs = Math.min(to.expiresFromMs, expiresAtMs);
  context.directory.expiresFromMs = Math.min(context.directory.expiresFromMs, expiresAtMs);
}

/** Tells one participant of a room event. Never refused: beyond the allowance the oldest event makes room. */
export function deliverEvent(context: SqliteContext, tx: Tx, to: ParticipantRecord, event: RoomEvent): void {
  tx.touch(to.room.roomId);
  if (to.events >= MAX_ROOM_EVENTS) dropOldestEvent(context, to);
  const sentAtMs = context.clock.wallMs();
  deliver(context, tx, to, {
    id: newMessageId(sentAtMs),
    sender: undefined,
    addressed: false,
    type: event.type,
    payload: event.payload,
    callId: undefined,
    sentAtMs,
    lifetimeMs: Infinity,
    bytes: messageBytes(event),
  });
}

/** Tells everyone in the room but one. */
export function announce(
  context: SqliteContext,
  tx: Tx,
  room: RoomRecord,
  except: ParticipantId,
  event: RoomEvent,
): void {
  for (const participant of room.participants.values()) {
    if (participant.participantId !== except) deliverEvent(context, tx, participant, event);
  }
}

function dropOldestEvent(context: SqliteContext, to: ParticipantRecord): void {
  const oldest = context.statements.oldestEvent.get(to.row, to.acknowledged);
  if (oldest === undefined) return;
  context.statements.makeGap.run(oldest.rowid);
  context.directory.tails.clear(to);
  to.events -= 1;
  to.eventBytes -= oldest.bytes;
  to.gaps += 1;
  context.directory.liveBytes -= oldest.bytes;
  compactGaps(context, to);
}
