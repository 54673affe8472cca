import { HttpError, ok } from '@oazapfts/runtime';
import * as api from '../generated/oazapfts/api.ts';
import { converse, type Member } from './conversation.ts';

api.defaults.baseUrl = process.env.HOLDLINE_URL ?? '';

const as = ({ token }: Member) => ({ headers: { Authorization: `Bearer ${token}` } });

await converse({
  join: (roomId, participantId) => ok(api.joinRoom(roomId, { participantId })),
  async listening(member) {
    const { participants } = await ok(api.listParticipants(member.roomId, as(member)));
    return participants.filter(({ listening }) => listening).map(({ participantId }) => participantId);
  },
  send: (member, message) => ok(api.sendMessage(member.roomId, message, {}, as(member))),
  poll: (member, after, wait) => ok(api.pollMessages(member.roomId, { after, wait }, as(member))),
  async acknowledge(member, cursor) {
    await ok(api.acknowledgeMessages(member.roomId, { cursor }, as(member)));
  },
  async leave(member) {
    await ok(api.leaveRoom(member.roomId, member.participantId, {}, as(member)));
  },
  async leaveByPost(member) {
    await ok(api.leaveRoomByPost(member.roomId, member.participantId, {}, as(member)));
  },
  async refused(member, message) {
    const refusal: unknown = await ok(api.sendMessage(member.roomId, message, {}, as(member))).catch((error) => error);
    if (!(refusal instanceof HttpError)) throw new Error('it was not refused');
    const problem: api.Problem = refusal.data;
    return { status: refusal.status, problem };
  },
});
