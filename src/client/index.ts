/**
 * `import { joinRoom, Call } from 'holdline/client'`: WebRTC signalling through Holdline. Needs `fetch` and nothing
 * else, and runs in browsers, React Native, Node and Deno. See docs/client.md.
 */
export { Call } from './call.ts';
export type { CallEnd, CallEvents, CallState } from './call-events.ts';
export { HoldlineError, type ErrorCode } from './errors.ts';
export type { Emitter, ErrorEvents } from './events.ts';
export type { CutCause, Exchange } from './http.ts';
export { joinRoom } from './join-room.ts';
export type { Mailbox } from './mailbox.ts';
export type { Departure, EndReason, Gap, MailboxEnd, MailboxEvents, MailboxState } from './mailbox-events.ts';
export { Mesh, type MeshEvents, type MeshOptions } from './mesh.ts';
export type { OutgoingMessage } from './messages.ts';
export type { CallOptions, InviteOptions, JoinBody, JoinOptions } from './options.ts';
export type { Candidate, CreatedDescription, Description, PeerConnectionLike } from './peer-connection.ts';
export type { FetchInit, FetchLike, FetchReply, Platform, Timers } from './runtime.ts';
export type { StorageLike } from './storage.ts';
export type { TransportChange, TransportFactory, TransportName } from './transport.ts';
export type {
  AnswerPayload,
  CallEndPayload,
  CandidatePayload,
  IceServer,
  JoinResult,
  JsonObject,
  Limits,
  MessagePayloads,
  OfferPayload,
  ParticipantView,
  Problem,
  Receipt,
  ReceivedMessage,
  RoomEventPayloads,
  UnknownType,
} from '../wire/index.ts';
