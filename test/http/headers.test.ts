import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OperationId } from '../../src/http/operations/index.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService, type ListeningService, startService } from '../support/holdline.ts';
import { Connection } from '../support/connection.ts';
import { call, exchange, type Place, type Sent } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

let server: ListeningService;
let alice: Member;
beforeAll(async () => {
  server = await startService({ rateLimit: 'off' });
  alice = await join(server.url, newRoom(), 'alice');
});
afterAll(closeServices);

const ALWAYS = [
  'access-control-allow-origin',
  'access-control-expose-headers',
  'cache-control',
  'content-security-policy',
  'referrer-policy',
  'x-content-type-options',
  'x-request-id',
];
/** Headers that only pages have. */
const OF_PAGES = [
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'origin-agent-cluster',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
];
const OF_THE_CONNECTION = ['connection', 'date', 'keep-alive'];
const WITH_BODY = ['content-length', 'content-type'];

const namesOf = ({ headers }: Pick<Answer, 'headers'>): string[] =>
  Object.keys(headers).filter((name) => !OF_THE_CONNECTION.includes(name));

type Row = [OperationId, Sent?, Place?];
const PUBLIC: Row[] = [
  ['getServiceInfo'],
  ['getHealth'],
  ['getReadiness'],
  ['getMetrics'],
  ['getOpenapiYaml'],
  ['getOpenapiJson'],
  ['getOpenapi30Json'],
];
const PAGES: Row[] = [['getProblemPage', {}, { code: 'room-full' }], ['getDemoPage'], ['getDocsPage']];
const OF_A_ROOM: Row[] = [
  ['joinRoom', { token: '' }],
  ['listParticipants'],
  ['getIceServers'],
  ['sendMessage', { body: { type: 'invite' } }],
  ['sendMessages', { body: { messages: [{ type: 'invite' }] } }],
];
const POLLS: Row[] = [
  ['receiveMessages', { query: { wait: 0 } }],
  ['pollMessages', { body: { wait: 0 } }],
];

const callAs = (id: OperationId, sent: Sent = {}, place: Place = {}): Promise<Answer> =>
  call(server.url, id, { roomId: alice.roomId, participantId: alice.id, ...place }, { token: alice.token, ...sent });

describe('a success has these headers and no others', () => {
  test.each([...PUBLIC, ...OF_A_ROOM])('%s', async (...row) => {
    expect(namesOf(await callAs(...row)).sort()).toEqual([...ALWAYS, ...WITH_BODY].sort());
  });

  test.each(PAGES)('the page %s', async (...row) => {
    expect(namesOf(await callAs(...row)).sort()).toEqual([...ALWAYS, ...WITH_BODY, ...OF_PAGES].sort());
  });

  test('a file of a page', async () => {
    const part = await exchange(server.url, 'GET', '/docs/icon.svg', { headers: { 'Accept-Encoding': 'identity' } });
    expect(part.status).toBe(200);
    expect(namesOf(part).sort()).toEqual([...ALWAYS, ...WITH_BODY, ...OF_PAGES].sort());
  });

  test.each(POLLS)('the poll %s, with X-Accel-Buffering', async (...row) => {
    const answer = await callAs(...row);
    expect(namesOf(answer).sort()).toEqual([...ALWAYS, ...WITH_BODY, 'x-accel-buffering'].sort());
    expect(answer.headers['x-accel-buffering']).toBe('no');
  });

  test('acknowledgeMessages, leaveRoom and leaveRoomByPost, which have no body', async () => {
    const acknowledged = await callAs('acknowledgeMessages', { body: { cursor: alice.joined.cursor } });
    const guest = await join(server.url, alice.roomId, 'guest');
    for (const answer of [acknowledged, await guest.call('leaveRoom'), await guest.call('leaveRoomByPost')]) {
      expect(answer.status).toBe(204);
      expect(namesOf(answer).sort()).toEqual([...ALWAYS].sort());
    }
  });
});

test('a preflight has its own headers and no others but those of every response', async () => {
  const headers = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'POST' };
  const answer = await exchange(server.url, 'OPTIONS', '/v1/rooms/r/messages', { headers });
  const own = ['access-control-allow-headers', 'access-control-allow-methods', 'access-control-max-age'];
  expect(answer.status).toBe(204);
  expect(namesOf(answer).sort()).toEqual([...ALWAYS, ...own].sort());
});

test('responses on the admin port have no CORS headers and none that only pages need', async () => {
  const { holdline } = await createService({ adminPort: 0 });
  const url = `http://127.0.0.1:${(await holdline.start()).adminPort}`;
  const ofAll = [...ALWAYS.filter((name) => !name.startsWith('access-control')), ...WITH_BODY].sort();
  for (const id of ['getHealth', 'getReadiness', 'getMetrics', 'traceRoom'] as const) {
    expect(namesOf(await call(url, id, { roomId: alice.roomId })).sort()).toEqual(ofAll);
  }
});

describe('a refusal has the same headers', () => {
  test.each([
    ['an unknown path', 'GET', '/nowhere', []],
    ['an unknown path of the interface', 'GET', '/v1/nowhere', []],
    ['a path that cannot be decoded', 'GET', '/v1/rooms/%zz/participants', []],
    ['another method', 'PUT', '/v1/rooms/r/participants', ['allow']],
    ['no credential', 'GET', '/v1/rooms/r/participants', ['www-authenticate']],
    ['a bad path', 'GET', '/v1/rooms/a.b/participants', []],
    ['no such page', 'GET', '/problems/nothing', []],
  ])('%s', async (_, method, path, more) => {
    const answer = await exchange(server.url, method, path);
    expect(namesOf(answer).sort()).toEqual([...ALWAYS, ...WITH_BODY, ...more].sort());
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  test('bytes that are no request', async () => {
    const connection = await Connection.open(server.url);
    connection.write('NONSENSE\r\n\r\n');
    const reply = await connection.reply();
    expect(reply.status).toBe(400);
    expect(namesOf(reply).sort()).toEqual([...ALWAYS, ...WITH_BODY].sort());
  });

  test('a refused poll has X-Accel-Buffering', async () => {
    for (const [id] of POLLS) {
      for (const sent of [{ token: '' }, { token: 'unknown' }, { query: 'x=1' }]) {
        const answer = await callAs(id, sent);
        expect([answer.status, answer.headers['x-accel-buffering']]).toEqual([expect.any(Number), 'no']);
        expect(answer.status).toBeGreaterThanOrEqual(400);
      }
    }
  });
});

describe('X-Request-Id', () => {
  test.each(['a', 'Root=1-5759e988-bd862e3fe1be46a994272793', '0af7651916cd43dd8448eb211c80319c', 'a'.repeat(128)])(
    'is that of the request: %s',
    async (given) => {
      for (const id of ['getHealth', 'listParticipants'] as const) {
        expect((await callAs(id, { headers: { 'X-Request-Id': given } })).headers['x-request-id']).toBe(given);
      }
      const refused = await callAs('listParticipants', { token: '', headers: { 'X-Request-Id': given } });
      expect(refused.body).toMatchObject({ requestId: given });
    },
  );

  test.each(['', ' ', 'a b', 'x'.repeat(129), '<script>', '"'])('is generated if the request has %j', async (given) => {
    const [first, second] = [1, 2].map(() => callAs('getHealth', { headers: { 'X-Request-Id': given } }));
    const ids = [(await first)?.headers['x-request-id'], (await second)?.headers['x-request-id']];
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(ids[0]).not.toBe(ids[1]);
  });
});

describe('a response is complete', () => {
  async function rawAnswer(path: string, headers: Record<string, string>): Promise<IncomingMessage> {
    const request = get(`${server.url}${path}`, { headers, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response;
  }

  test.each(['/healthz', '/openapi.yaml', '/problems/internal', '/v1/rooms/r/participants', '/nowhere'])(
    'never chunked, never conditional: %s',
    async (path) => {
      const conditions = { 'If-None-Match': '*', 'If-Modified-Since': new Date().toUTCString(), Range: 'bytes=0-1' };
      const { headers, statusCode } = await rawAnswer(path, conditions);
      expect([200, 401, 404]).toContain(statusCode);
      expect(headers['transfer-encoding']).toBeUndefined();
      expect(headers['content-length']).toMatch(/^[1-9]\d*$/);
      expect(headers.etag).toBeUndefined();
      expect(headers['last-modified']).toBeUndefined();
    },
  );

  test('Content-Length counts bytes, not characters', async () => {
    await join(server.url, alice.roomId, { displayName: '\u{1F600}é' });
    const answer = await callAs('listParticipants');
    expect(Number(answer.headers['content-length'])).toBe(Buffer.byteLength(JSON.stringify(answer.body)));
  });

  test('HEAD has the headers of the GET and no body', async () => {
    const { headers } = await callAs('getHealth');
    const head = await exchange(server.url, 'HEAD', '/healthz');
    expect([head.status, head.body]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(headers['content-length']);
  });
});
