import createClient from 'openapi-fetch';
import type { paths } from '../generated/openapi-fetch/schema.ts';
import { converse, type Member } from './conversation.ts';

const client = createClient<paths>({ baseUrl: process.env.HOLDLINE_URL ?? '' });

const as = ({ roomId, token }: Member) => ({
  params: { path: { roomId } },
  headers: { Authorization: `Bearer ${token}` },
});

function dataOf<Data>({ data, error }: { readonly data?: Data; readonly error?: unknown }): Data {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

await converse({
  async join(roomId, participantId) {
    const params = { path: { roomId } };
    const answer = await client.POST('/v1/rooms/{roomId}/participants', { params, body: { participantId } });
    const { token, cursor } = dataOf(answer);
    return { token, cursor };
  },
  async listening(member) {
    const { participants } = dataOf(await client.GET('/v1/rooms/{roomId}/participants', as(member)));
    return participants.filter(({ listening }) => listening).map(({ participantId }) => participantId);
  },
  async send(member, body) {
    return dataOf(await client.POST('/v1/rooms/{roomId}/messages', { ...as(member), body }));
  },
  async poll(member, after, wait) {
    return dataOf(await client.POST('/v1/rooms/{roomId}/messages/poll', { ...as(member), body: { after, wait } }));
  },
  async acknowledge(member, cursor) {
    const { error } = await client.POST('/v1/rooms/{roomId}/messages/ack', { ...as(member), body: { cursor } });
    if (error !== undefined) throw new Error(error.code);
  },
  async leave(member) {
    const { roomId, participantId } = member;
    const params = { path: { roomId, participantId } };
    const { error } = await client.DELETE('/v1/rooms/{roomId}/participants/{participantId}', { ...as(member), params });
    if (error !== undefined) throw new Error(error.code);
  },
  async leaveByPost(member) {
    const { roomId, participantId } = member;
    const sent = { ...as(member), params: { path: { roomId, participantId } } };
    const { error } = await client.POST('/v1/rooms/{roomId}/participants/{participantId}/leave', sent);
    if (error !== undefined) throw new Error(error.code);
  },
  async refused(member, body) {
    const { error, response } = await client.POST('/v1/rooms/{roomId}/messages', { ...as(member), body });
    if (error === undefined) throw new Error('it was not refused');
    return { status: response.status, problem: error };
  },
});
