import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { accessToken, API_KEY, SECRET } from '../access/credentials.ts';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { expectProblem, readAnswer, type Answer } from '../support/conformance.ts';
import { Connection } from '../support/connection.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { call, exchange, pointersOf, problemOf } from '../support/http.ts';
import { PROBLEM_CODES, type ProblemCode } from '../../src/wire/index.ts';
import { join, type Member, newRoom } from '../support/member.ts';
import { bearer, SocketReader, socketUrl } from '../support/socket-reader.ts';

const PROTOCOL = 'holdline.v1';

let clock: TestClock;
let server: ListeningService;
let alice: Member;
let elsewhere: Member;
beforeAll(async () => {
  clock = new TestClock();
  server = await startService({ rateLimit: 'off' }, { clock });
  alice = await join(server.url, newRoom(), { participantId: 'alice', idleTimeoutSeconds: 300 });
  elsewhere = await join(server.url, newRoom(), { participantId: 'alice', idleTimeoutSeconds: 300 });
});
afterAll(async () => {
  await cleanUp();
  await closeServices();
});

interface Asking {
  readonly url?: string;
  readonly roomId?: string;
  readonly query?: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The response to an upgrade that is refused. */
async function refusal({
  url = server.url,
  roomId = alice.roomId,
  query = '',
  protocols = [PROTOCOL],
  headers = {},
}: Asking): Promise<Answer> {
  const ws = new WebSocket(socketUrl(url, roomId, query), [...protocols], { headers: { ...headers } });
  ws.on('error', () => undefined);
  ws.once('open', () => ws.emit('unexpected-response', undefined, undefined));
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage | undefined];
  if (response === undefined) throw new Error('the upgrade was accepted');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { statusCode = 0, headers: got } = response;
  const answer = await readAnswer(
    new Response(Buffer.concat(chunks), { status: statusCode, headers: got as Record<string, string> }),
  );
  expectWellFormed(answer);
  return answer;
}

/** `openapi.yaml` describes the socket in words, so the form of a problem is checked here. */
function expectWellFormed(answer: Answer): void {
  const { code } = answer.body as { readonly code: ProblemCode };
  expectProblem(answer, code, PROBLEM_CODES[code].status);
}

const pathOf = (roomId: string): string => `/v1/rooms/${roomId}/messages/socket`;

/** A request on the path of the socket, by a client that is no WebSocket client. */
async function ask(headers: Readonly<Record<string, string>> = {}, url = server.url): Promise<Answer> {
  const answer = await exchange(url, 'GET', pathOf(alice.roomId), { headers });
  expectWellFormed(answer);
  return answer;
}

describe('an upgrade', () => {
  test('chooses the subprotocol holdline.v1, also among others, and no compression', async () => {
    const reader = await SocketReader.open(socketUrl(server.url, alice.roomId), {
      protocols: ['other', PROTOCOL],
      options: { perMessageDeflate: true },
    });
    expect([reader.ws.protocol, reader.ws.extensions]).toEqual([PROTOCOL, '']);
  });

  test.each([[[]], [['other']], [['HOLDLINE.V1']]])('with the subprotocols %j is refused', async (protocols) => {
    expect(pointersOf(await refusal({ protocols }))).toEqual(['/header/Sec-WebSocket-Protocol']);
  });

  test.each([
    ['a room id that does not exist', { roomId: 'a b' }, '/path/roomId'],
    ['a query', { query: '?token=x' }, '/query/token'],
  ])('with %s is refused', async (_, asking, pointer) => {
    expect(pointersOf(await refusal(asking))).toEqual([pointer]);
  });

  test.each([
    ['an unknown token', `Bearer ${'A'.repeat(12)}.${'A'.repeat(32)}`],
    ['another scheme', 'Basic YTpi'],
    ['no scheme', 'secret'],
    ['an empty token', 'Bearer '],
  ])('with %s in Authorization is unauthenticated', async (_, Authorization) => {
    const answer = await refusal({ headers: { Authorization } });
    problemOf(answer, 'unauthenticated');
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  test('with the token of another room is forbidden', async () => {
    problemOf(await refusal({ headers: bearer(elsewhere) }), 'forbidden');
  });

  test('with the token of a departed participant is participant-gone', async () => {
    const gone = await join(server.url, newRoom());
    await gone.leave();
    problemOf(await refusal({ roomId: gone.roomId, headers: bearer(gone) }), 'participant-gone');
  });

  test.each([
    ['an access token', () => accessToken(clock.wallMs(), { sub: 'alice' })],
    ['an API key', () => Promise.resolve(API_KEY)],
  ])('with %s is forbidden', async (_, make) => {
    const { url } = await startService({ accessTokenSecret: SECRET, apiKeys: [API_KEY], rateLimit: 'off' }, { clock });
    const token = await make();
    problemOf(await refusal({ url, headers: bearer({ token }) }), 'forbidden');
    const reader = await SocketReader.open(socketUrl(url, alice.roomId));
    reader.send({ type: 'hello', token });
    expect(await reader.problem()).toMatchObject({ code: 'forbidden' });
    expect(await reader.closed).toEqual({ code: 4403, reason: 'forbidden' });
  });

  test('with a valid token in Authorization is welcomed without a hello', async () => {
    const options = { headers: { ...bearer(alice) } };
    const reader = await SocketReader.open(socketUrl(server.url, alice.roomId), { options });
    expect(await reader.next()).toEqual({ type: 'welcome', heartbeatSeconds: 20 });
  });

  const HANDSHAKE = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': PROTOCOL,
  };

  test('with an unusual list of subprotocols gets a socket', async () => {
    const connection = await Connection.open(server.url);
    const headers = { ...HANDSHAKE, 'Sec-WebSocket-Protocol': `${PROTOCOL},,${PROTOCOL}` };
    connection.request('GET', pathOf(alice.roomId), { headers });
    expect(await connection.reply()).toMatchObject({ status: 101, headers: { 'sec-websocket-protocol': PROTOCOL } });
  });

  test('that names two protocols to upgrade to is upgrade-required', async () => {
    problemOf(await ask({ ...HANDSHAKE, Upgrade: 'h2c, websocket' }), 'upgrade-required');
  });

  test('with a key that is not 16 bytes is refused', async () => {
    expect(pointersOf(await ask({ ...HANDSHAKE, 'Sec-WebSocket-Key': 'x' }))).toEqual(['/header/Sec-WebSocket-Key']);
  });
});

describe('a request on the path of the socket', () => {
  test.each([
    ['without an upgrade', {}],
    ['with another upgrade', { Upgrade: 'h2c', Connection: 'Upgrade' }],
  ])('%s is upgrade-required', async (_, headers) => {
    const answer = await ask(headers);
    problemOf(answer, 'upgrade-required');
    expect(answer.headers.upgrade).toBe('websocket');
  });

  test.each(['HEAD', 'POST', 'PUT'])('by %s is refused', async (method) => {
    const answer = await exchange(server.url, method, pathOf(alice.roomId));
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET']);
  });

  test('with another version of the protocol gets the supported one', async () => {
    const answer = await ask({ Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '8' });
    problemOf(answer, 'upgrade-required');
    expect(answer.headers['sec-websocket-version']).toBe('13');
  });

  test('finds nothing with SOCKET=off, upgrade or not', async () => {
    const { url } = await startService({ socket: 'off' });
    problemOf(await ask({}, url), 'not-found');
    problemOf(await refusal({ url }), 'not-found');
  });

  test('is refused while the server drains', async () => {
    const draining = await startService({ drainSeconds: 5 }, { clock });
    const member = await join(draining.url, newRoom(), 'alice');
    const held = await draining.service.hold('alice', () => member.poll({ wait: 50 }));
    const other = await join(draining.url, newRoom(), 'bob');
    const second = await draining.service.hold('bob', () => other.poll({ wait: 50 }));
    const closed = draining.service.holdline.close();
    await held.ended;
    problemOf(await refusal({ url: draining.url, headers: bearer(elsewhere) }), 'shutting-down');
    await clock.advance(5_000);
    await Promise.all([second.ended, closed]);
  });
});

describe('the origin of a page', () => {
  const origin = (url: string, value: string) => ({ url, headers: { Origin: value } });
  const isWelcome = async (url: string, value: string): Promise<void> => {
    const options = { headers: { Origin: value, ...bearer(alice) } };
    const reader = await SocketReader.open(socketUrl(url, alice.roomId), { options });
    await reader.expectFrame('welcome');
  };

  test('is not checked with CORS_ORIGINS=*', () => isWelcome(server.url, 'https://evil.example'));

  test('is refused unless a list of origins has it, or it is the own origin of the server', async () => {
    const { url } = await startService({ corsOrigins: ['https://app.example'] }, { clock });
    const member = await join(url, newRoom());
    for (const value of ['https://evil.example', 'https://app.example.evil', 'null', 'http://app.example:81'])
      problemOf(await refusal(origin(url, value)), 'forbidden');
    for (const value of ['https://app.example', url, url.replace('http', 'https')]) {
      const options = { headers: { Origin: value, ...bearer(member) } };
      const reader = await SocketReader.open(socketUrl(url, member.roomId), { options });
      await reader.expectFrame('welcome');
    }
    const withoutPage = await SocketReader.open(socketUrl(url, member.roomId));
    expect(withoutPage.ws.protocol).toBe(PROTOCOL);
  });
});

describe('a hello', () => {
  const open = (): Promise<SocketReader> => SocketReader.open(socketUrl(server.url, alice.roomId));

  test('with a token is welcomed', async () => {
    const reader = await open();
    reader.send({ type: 'hello', token: alice.token });
    expect(await reader.next()).toEqual({ type: 'welcome', heartbeatSeconds: 20 });
  });

  test.each([
    ['with an unknown token', () => ({ type: 'hello', token: `${'A'.repeat(12)}.${'A'.repeat(32)}` }), 4401],
    ['with a token of another room', () => ({ type: 'hello', token: elsewhere.token }), 4403],
    ['that is missing before a probe', () => ({ type: 'probe' }), 4401],
    ['that is missing before a read', () => ({ type: 'read' }), 4401],
  ])('%s ends the socket', async (_, make, code) => {
    const reader = await open();
    reader.send(make());
    expect(await reader.problem()).toMatchObject({ code: code === 4403 ? 'forbidden' : 'unauthenticated' });
    expect(await reader.closed).toMatchObject({ code });
  });

  test('with the token of a departed participant ends the socket with participant-gone', async () => {
    const gone = await join(server.url, newRoom());
    await gone.leave();
    const reader = await SocketReader.open(socketUrl(server.url, gone.roomId));
    reader.send({ type: 'hello', token: gone.token });
    expect(await reader.problem()).toMatchObject({ code: 'participant-gone', reason: 'left' });
    expect(await reader.closed).toEqual({ code: 4410, reason: 'participant-gone' });
  });

  test('that does not come within 5 s ends the socket', async () => {
    const reader = await open();
    await reader.sync();
    await clock.advance(4_999);
    await reader.sync();
    expect(reader.ws.readyState).toBe(WebSocket.OPEN);
    await clock.advance(101);
    expect(await reader.problem()).toMatchObject({ code: 'unauthenticated' });
    expect(await reader.closed).toEqual({ code: 4401, reason: 'unauthenticated' });
  });

  test('that comes a second time is refused', async () => {
    const reader = await SocketReader.greet(server, alice);
    reader.send({ type: 'hello', token: alice.token });
    expect(await reader.problem()).toMatchObject({ code: 'invalid-request', errors: [{ pointer: '/frame/type' }] });
    expect(await reader.closed).toMatchObject({ code: 4400 });
  });

  test('may be followed by other frames before it is answered', async () => {
    const member = await join(server.url, newRoom());
    const ws = new WebSocket(socketUrl(server.url, member.roomId), PROTOCOL);
    const reader = new SocketReader(ws);
    await once(ws, 'open');
    for (const frame of [{ type: 'hello', token: member.token }, { type: 'probe', data: 'x' }, { type: 'read' }])
      reader.send(frame);
    await reader.expectFrame('welcome');
    expect(await reader.next()).toEqual({ type: 'probe', data: 'x' });
    expect(await reader.batch()).toMatchObject({ messages: [], expired: 0, more: false });
  });

  test('that fails is charged to its client address as a failed authentication', async () => {
    const limited = await startService({ rateLimitJoinsPerMinute: 3 }, { clock });
    const codes: unknown[] = [];
    for (let count = 0; count < 4; count += 1) {
      const reader = await SocketReader.open(socketUrl(limited.url, 'lobby'));
      reader.send({ type: 'hello', token: `guess-${count}` });
      codes.push((await reader.problem()).code, (await reader.closed).code);
    }
    expect(codes).toEqual([...Array.from({ length: 3 }, () => ['unauthenticated', 4401]).flat(), 'rate-limited', 4401]);
    problemOf(await call(limited.url, 'listParticipants', { roomId: 'lobby' }, { token: 'guess' }), 'rate-limited');
  });
});
