import type { Handlers } from '../request/call.ts';
import { acknowledgeMessages } from './acknowledge-messages.ts';
import { closeRoom } from './close-room.ts';
import { getIceServers } from './get-ice-servers.ts';
import { joinRoom } from './join-room.ts';
import { leaveRoom, leaveRoomByPost } from './leave-room.ts';
import { listParticipants } from './list-participants.ts';
import { listRooms } from './list-rooms.ts';
import { getOpenapi30Json, getOpenapiJson, getOpenapiYaml } from './openapi.ts';
import { getDemoPage, getDocsPage } from './pages.ts';
import { getProblemPage } from './problem-page.ts';
import { pollMessages, receiveMessages } from './receive-messages.ts';
import { sendMessage } from './send-message.ts';
import { sendMessages } from './send-messages.ts';
import { getHealth, getMetrics, getReadiness, getServiceInfo, traceRoom } from './service.ts';

export const HANDLERS: Handlers = {
  joinRoom,
  listParticipants,
  leaveRoom,
  leaveRoomByPost,
  sendMessage,
  sendMessages,
  receiveMessages,
  pollMessages,
  acknowledgeMessages,
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
