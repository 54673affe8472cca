import type { JsonText, MessageId, ParticipantId } from './ids.ts';
import type { GoneReason, Participant } from './message.ts';

/** A message of the server. It has no sender and does not expire. */
export interface RoomEvent {
  readonly type: 'participant-joined' | 'participant-left' | 'message-expired';
  readonly payload: JsonText;
}

const jsonText = (value: unknown): JsonText => JSON.stringify(value) as JsonText;

/** The wire format of a participant. Inserts `metadata` as it is, without parsing it again. */
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
