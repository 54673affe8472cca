export { accessTokenClaims } from './access-token.ts';
export * from './bounds.ts';
export { emptyQuery, isObject } from './fields.ts';
export { faultsOf, listed, MAX_FAULTS, pointerOf, type FaultRoot } from './faults.ts';
export * from './ids.ts';
export * from './ops.ts';
export {
  MESSAGE_PAYLOADS,
  MESSAGE_TYPES,
  ROOM_EVENT_TYPES,
  type AnswerPayload,
  type CallEndPayload,
  type CandidatePayload,
  type MessagePayloads,
  type MessageType,
  type OfferPayload,
  type RoomEventType,
} from './payloads.ts';
export { batch, type Batch, type ReceivedMessage, type UnknownType } from './poll.ts';
export * from './problem.ts';
export * from './problem-codes.ts';
export * from './requests.ts';
export { ROOM_EVENT_PAYLOADS, type RoomEventPayloads } from './room-events.ts';
export { roomList, roomListParameters, type RoomList } from './room-list.ts';
export {
  iceServersResult,
  joinResult,
  participantList,
  type IceServer,
  type IceServersResult,
  type JoinResult,
  type JsonObject,
  type Limits,
  type ParticipantList,
  type ParticipantView,
} from './room.ts';
export { receipt, receiptList, type Receipt, type ReceiptList } from './send.ts';
