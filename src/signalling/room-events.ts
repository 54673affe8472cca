import type { JsonText, MessageId, ParticipantId } from './ids.ts';
import type { GoneReason, Participant } from './message.ts';

/** What the server itself tells participants. It has no sender and no lifetime. */
export interface RoomEvent {
  readonly type: 'participant-joined' | 'participant-left' | 'message-expired';
  readonly payload: JsonText;
}

const jsonText = (value: unknown): JsonText => JSON.stringify(value) as JsonText;

/** A participant as everyone reads it. */
export function participantJson(participant: Participant): JsonText {
  const { participantId, displayName, metadata, joinedAtMs, listening } = participant;
  const head = JSON.stringify({ participantId, displayName }).slice(0, -1);
  const middle = metadata === undefined ? '' : `,"metadata":${metadata}`;
  return `${head}${middle},"joinedAt":"${new Date(joinedAtMs).toISOString()}","listening":${listening}}` as JsonText;
}

export const participantJoined = (participant: Participant): RoomEvent => ({
  type: 'participant-joined',
  payload: `{"participant":${participantJson(participant)}}` as JsonText,
});

export const participantLeft = (participantId: ParticipantId, reason: GoneReason): RoomEvent => ({
  type: 'participant-left',
  payload: jsonText({ participantId, reason }),
});

export const messageExpired = (message: {
  messageId: MessageId;
  to: ParticipantId;
  type: string;
  callId?: string;
}): RoomEvent => ({
  type: 'message-expired',
  payload: jsonText(message),
});
