import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Answer } from '../support/conformance.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { exchange, type Sent } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

/** Express ignores a slash at the end of a path; the fast path leaves such paths to Express. */
const THROUGH_EXPRESS = '/';

let server: ListeningService;
beforeAll(async () => {
  server = await startService({ rateLimit: 'off' });
});
afterAll(closeServices);

let roomId: string;
let alice: Member;
let bob: Member;
beforeEach(async () => {
  roomId = newRoom();
  alice = await join(server.url, roomId, 'alice');
  bob = await join(server.url, roomId, 'bob');
});

const VARYING = ['date', 'x-request-id'];

/** The parts of a response that do not differ between requests. */
const shapeOf = ({ status, headers, body }: Answer) => ({
  status,
  headers: Object.fromEntries(
    Object.entries(headers).filter(([name]) => !VARYING.includes(name) && name !== 'content-length'),
  ),
  fields: typeof body === 'object' && body !== null ? Object.keys(body) : body,
});

async function both(method: string, path: string, sent: Sent) {
  const direct = await exchange(server.url, method, path, sent);
  const throughExpress = await exchange(server.url, method, path + THROUGH_EXPRESS, sent);
  return [shapeOf(direct), shapeOf(throughExpress)] as const;
}

describe('the fast path answers as Express does', () => {
  const rows: [string, string, string, (room: string) => Sent][] = [
    ['a message', 'POST', '/messages', () => ({ token: alice.token, body: { to: 'bob', type: 'invite' } })],
    ['a faulty message', 'POST', '/messages', () => ({ token: alice.token, body: { to: '', kind: 'invite' } })],
    ['a message that is no JSON', 'POST', '/messages', () => ({ token: alice.token, text: '{"to":' })],
    ['a message without a token', 'POST', '/messages', () => ({ body: { type: 'invite' } })],
    ['a batch', 'POST', '/messages/batch', () => ({ token: alice.token, body: { messages: [{ type: 'invite' }] } })],
    ['a poll', 'GET', '/messages', () => ({ token: bob.token, query: 'wait=0' })],
    ['a poll with an unknown parameter', 'GET', '/messages', () => ({ token: bob.token, query: 'wait=0&weight=1' })],
    ['a poll by POST', 'POST', '/messages/poll', () => ({ token: bob.token, body: { wait: 0 } })],
    ['an acknowledgement', 'POST', '/messages/ack', () => ({ token: bob.token, body: { cursor: 'unreadable' } })],
    ['a roster', 'GET', '/participants', () => ({ token: bob.token })],
    ['a leave without a token', 'DELETE', '/participants/bob', () => ({})],
    ['a leave by POST without a token', 'POST', '/participants/bob/leave', () => ({})],
    ['a leave by GET', 'GET', '/participants/bob/leave', () => ({ token: bob.token })],
    ['a method that the path does not have', 'DELETE', '/messages', () => ({ token: bob.token })],
    ['a HEAD', 'HEAD', '/messages', () => ({ token: bob.token })],
    ['an unknown path', 'GET', '/messages/unknown', () => ({ token: bob.token })],
  ];
  test.each(rows)('%s', async (_what, method, path, sent) => {
    const [direct, throughExpress] = await both(method, `/v1/rooms/${roomId}${path}`, sent(roomId));
    expect(direct).toEqual(throughExpress);
  });

  test('a join is charged to its client address on the fast path, too', async () => {
    const answer = await exchange(server.url, 'POST', `/v1/rooms/${roomId}/participants`, { body: {} });
    expect(answer.status).toBe(201);
  });

  test('leaveRoom', async () => {
    const answer = await exchange(server.url, 'DELETE', `/v1/rooms/${roomId}/participants/bob`, { token: bob.token });
    expect(answer.status).toBe(204);
  });
});

test('a percent-encoded room id is decoded before it is checked', async () => {
  const encoded = roomId.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`);
  const sent = { token: alice.token, body: { type: 'invite' } };
  expect((await exchange(server.url, 'POST', `/v1/rooms/${encoded}/messages`, sent)).status).toBe(201);
});

test('with CORS_ORIGINS, a response names the origin of the request', async () => {
  const restricted = await startService({ corsOrigins: ['https://app.example'] });
  const headers = { Origin: 'https://app.example' };
  const answer = await exchange(restricted.url, 'POST', `/v1/rooms/${roomId}/participants`, { body: {}, headers });
  expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
});
