import type { OperationId } from '../operations/index.ts';
import type { AnyHandler, Handlers } from '../request/call.ts';
import { closeRoom, listRooms, traceRoom } from './administration.ts';
import { acknowledgeMessages, pollMessages, receiveMessages, sendMessage, sendMessages } from './messages.ts';
import { getDemoPage, getDocsPage, getProblemPage } from './pages.ts';
import { openSocket } from './socket.ts';
import { getIceServers, joinRoom, leaveRoom, leaveRoomByPost, listParticipants } from './rooms.ts';
import {
  getHealth,
  getMetrics,
  getOpenapi30Json,
  getOpenapiJson,
  getOpenapiYaml,
  getReadiness,
  getServiceInfo,
} from './service.ts';

const HANDLERS: Handlers = {
  joinRoom,
  listParticipants,
  leaveRoom,
  leaveRoomByPost,
  sendMessage,
  sendMessages,
  receiveMessages,
  pollMessages,
  acknowledgeMessages,
  openSocket,
  getIceServers,
  listRooms,
  closeRoom,
  getServiceInfo,
  getHealth,
  getReadiness,
  getMetrics,
  traceRoom,
  getOpenapiYaml,
  getOpenapiJson,
  getOpenapi30Json,
  getDemoPage,
  getDocsPage,
  getProblemPage,
};

/**
 * The cast is safe as long as the pipeline fills in what the row declares: `parsePath` and `parseQuery` its path and
 * query, `authorize` its caller, `parseBody` its body. `test/http/operations.test.ts` calls each operation with what it
 * declares.
 */
export const handlerOf = (id: OperationId): AnyHandler => HANDLERS[id] as AnyHandler;
