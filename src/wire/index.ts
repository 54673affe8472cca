export * from './bounds.ts';
export { emptyQuery, isObject } from './fields.ts';
export * from './ids.ts';
export {
  MESSAGE_PAYLOADS,
  MESSAGE_TYPES,
  ROOM_EVENT_PAYLOADS,
  ROOM_EVENT_TYPES,
  type AnswerPayload,
  type CallEndPayload,
  type CandidatePayload,
  type MessagePayloads,
  type MessageType,
  type OfferPayload,
  type RoomEventPayloads,
  type RoomEventType,
} from './payloads.ts';
export { batch, type Batch, type ReceivedMessage, type UnknownType } from './poll.ts';
export * from './problem.ts';
export * from './problem-codes.ts';
export * from './requests.ts';
export {
  accessTokenClaims,
  iceServersResult,
  joinResult,
  participantList,
  roomList,
  type IceServer,
  type IceServersResult,
  type JoinResult,
  type JsonObject,
  type Limits,
  type ParticipantList,
  type ParticipantView,
  type RoomList,
} from './room.ts';
export * from './socket.ts';
export { receipt, receiptList, type Receipt, type ReceiptList } from './send.ts';
export * from './service.ts';
