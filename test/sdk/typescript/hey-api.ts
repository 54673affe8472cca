import { createClient, createConfig } from '../generated/hey-api/client/index.js';
import {
  acknowledgeMessages,
  joinRoom,
  leaveRoom,
  leaveRoomByPost,
  listParticipants,
  pollMessages,
  sendMessage,
} from '../generated/hey-api/index.js';
import { converse, type Member } from './conversation.ts';

const client = createClient(createConfig({ baseUrl: process.env.HOLDLINE_URL ?? '' }));

const as = ({ roomId, token }: Member) => ({ client, path: { roomId }, auth: token, throwOnError: true }) as const;

await converse({
  async join(roomId, participantId) {
    const { data } = await joinRoom({ client, path: { roomId }, body: { participantId }, throwOnError: true });
    return { token: data.token, cursor: data.cursor };
  },
  async listening(member) {
    const { data } = await listParticipants(as(member));
    return data.participants.filter(({ listening }) => listening).map(({ participantId }) => participantId);
  },
  async send(member, body) {
    return (await sendMessage({ ...as(member), body })).data;
  },
  async poll(member, after, wait) {
    return (await pollMessages({ ...as(member), body: { after, wait } })).data;
  },
  async acknowledge(member, cursor) {
    await acknowledgeMessages({ ...as(member), body: { cursor } });
  },
  async leave(member) {
    const { roomId, participantId } = member;
    await leaveRoom({ ...as(member), path: { roomId, participantId } });
  },
  async leaveByPost(member) {
    const { roomId, participantId } = member;
    await leaveRoomByPost({ ...as(member), path: { roomId, participantId } });
  },
  async refused(member, body) {
    const { error, response } = await sendMessage({ ...as(member), body, throwOnError: false });
    if (error === undefined || response === undefined) throw new Error('it was not refused');
    return { status: response.status, problem: error };
  },
});
