import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { type Answer, answerOf, expectProblem } from '../support/conformance.ts';
import { Connection } from '../support/connection.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { call, pointersOf } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';

let server: ListeningService;
beforeAll(async () => {
  server = await startService();
});
afterEach(cleanUp);
afterAll(closeServices);

const answerTo = async (connection: Connection): Promise<Answer> => answerOf(await connection.reply());

async function exchangeBytes(
  bytes: string | Buffer,
  { url } = server,
): Promise<{ answer: Answer; connection: Connection }> {
  const connection = await Connection.open(url);
  connection.write(bytes);
  return { answer: await answerTo(connection), connection };
}

/** Expects the form and headers of the app's own responses, and that the connection closes. */
async function expectRefused(connection: Connection, answer: Answer, status: number): Promise<void> {
  expectProblem(answer, 'invalid-request', status);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/problem+json; charset=utf-8',
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    connection: 'close',
  });
  expect(await connection.closed).toBe('ended');
}

const JOIN = 'POST /v1/rooms/r/participants HTTP/1.1\r\nHost: x\r\n';

describe('bytes that are not HTTP/1.1 get 400', () => {
  test.each<[string, string | Buffer]>([
    ['plain text', 'hello\r\n\r\n'],
    ['a TLS greeting', Buffer.from('16030100ff010000fb0303', 'hex')],
    ['HTTP/2 in the clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a method that nobody knows', 'TALK / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a bare space in the path', 'GET /v1/rooms/a b/participants HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n'],
    ['a length that is no number', `${JOIN}Content-Length: two\r\n\r\n{}`],
    ['a negative length', `${JOIN}Content-Length: -1\r\n\r\n`],
    ['two different lengths', `${JOIN}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    [
      'a length beside chunks (request smuggling)',
      `${JOIN}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a chunk without a size',
      `${JOIN}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n`,
    ],
  ])('%s', async (_, bytes) => {
    const { answer, connection } = await exchangeBytes(bytes);
    await expectRefused(connection, answer, 400);
    expect(pointersOf(answer)).toEqual(['/header']);
  });

  test.each(['holdline.test', 'other.test'])('two Host fields, the second %s', async (second) => {
    const { answer, connection } = await exchangeBytes(
      `GET /healthz HTTP/1.1\r\nHost: holdline.test\r\nhost: ${second}\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    await expectRefused(connection, answer, 400);
    expect(pointersOf(answer)).toEqual(['/header/Host']);
  });

  test('a request without Host', async () => {
    const { answer, connection } = await exchangeBytes('GET /healthz HTTP/1.1\r\nX-Request-Id: mine\r\n\r\n');
    expectProblem(answer, 'invalid-request');
    expect(pointersOf(answer)).toEqual(['/header/Host']);
    expect(answer.headers).toMatchObject({ 'x-request-id': 'mine', connection: 'close' });
    expect(await connection.closed).toBe('ended');
  });
});

describe('a transfer coding other than chunked is answered with 501', () => {
  test.each(['gzip', 'gzip, chunked', 'identity', 'xchunked', 'chunked, identity'])('%s', async (coding) => {
    const { answer, connection } = await exchangeBytes(`${JOIN}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`);
    await expectRefused(connection, answer, 501);
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/header/Transfer-Encoding' }], retryable: false });
  });

  test.each(['chunked', 'gzip'])('on HTTP/1.0, which has no transfer codings, with 400: %s', async (coding) => {
    const { answer, connection } = await exchangeBytes(
      `POST /v1/rooms/r/participants HTTP/1.0\r\nTransfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`,
    );
    await expectRefused(connection, answer, 400);
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/header/Transfer-Encoding' }] });
  });

  test('Chunked is accepted in any case', async () => {
    const { answer } = await exchangeBytes(
      `${JOIN}Content-Type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    );
    expect(answer.status).toBe(201);
  });
});

test('CONNECT is answered with 405, and the connection ends', async () => {
  const { answer, connection } = await exchangeBytes('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n\x16\x03\x01');
  expectProblem(answer, 'method-not-allowed');
  expect(answer.headers).toMatchObject({ allow: 'GET, POST, DELETE', connection: 'close' });
  expect(await connection.closed).toBe('ended');
});

test('headers above 16 KiB are answered with 431', async () => {
  const { answer, connection } = await exchangeBytes(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`);
  await expectRefused(connection, answer, 431);
  const long = await exchangeBytes(`GET /v1/rooms/${'a'.repeat(17_000)}/participants HTTP/1.1\r\nHost: x\r\n\r\n`);
  await expectRefused(long.connection, long.answer, 431);
});

describe('with a list of origins', () => {
  const PAGE = 'https://app.example.org';
  const exposed = { 'access-control-expose-headers': expect.stringContaining('X-Request-Id'), vary: 'Origin' };

  test('the response to bytes that are not HTTP/1.1 allows no origin and varies by origin', async () => {
    const { answer } = await exchangeBytes('hello\r\n\r\n', await startService({ corsOrigins: [PAGE] }));
    expectProblem(answer, 'invalid-request');
    expect(answer.headers).toMatchObject(exposed);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('the page of an allowed origin may read the response to a request without Host', async () => {
    const bytes = `GET / HTTP/1.1\r\nOrigin: ${PAGE}\r\n\r\n`;
    const { answer } = await exchangeBytes(bytes, await startService({ corsOrigins: [PAGE] }));
    expect(pointersOf(answer)).toEqual(['/header/Host']);
    expect(answer.headers).toMatchObject({ ...exposed, 'access-control-allow-origin': PAGE, connection: 'close' });
  });
});

describe('a request that does not arrive in time is answered with 408', () => {
  /** Milliseconds in place of the seconds of the real timeouts. */
  async function startImpatient(): Promise<ListeningService> {
    const impatient = await startService();
    const shorten = (message: unknown): void => {
      const { server: http } = message as { server: Server };
      http.headersTimeout = http.requestTimeout = 50;
    };
    subscribe('http.server.request.start', shorten);
    await call(impatient.url, 'getHealth', {});
    unsubscribe('http.server.request.start', shorten);
    return impatient;
  }

  // In one test, because the server checks timeouts only every two seconds.
  test('slow headers and slow bodies, but not a held poll', async () => {
    const { service, url } = await startImpatient();
    const alice = await join(url, newRoom(), 'alice');
    const poll = await service.hold('alice', () => alice.poll({ wait: 30 }));
    const slow = [
      'GET',
      'GET / HTTP/1.1\r\nHost: x\r\nX-Slow',
      `${JOIN}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ];
    const refused = slow.map(async (bytes) => {
      const connection = await Connection.open(url);
      connection.write(bytes);
      await expectRefused(connection, await answerTo(connection), 408);
    });
    await Promise.all(refused);
    await join(url, alice.roomId, 'bob');
    expect((await poll.ended).messages).toMatchObject([{ type: 'participant-joined' }]);
  });
});

describe('valid HTTP/1.1 is served', () => {
  test('HTTP/1.0, with or without Host', async () => {
    const { answer, connection } = await exchangeBytes('GET /healthz HTTP/1.0\r\n\r\n');
    expect([answer.status, answer.body]).toEqual([200, { status: 'ok' }]);
    expect(await connection.closed).toBe('ended');
  });

  test('an absolute URL, as for proxies', async () => {
    const { answer } = await exchangeBytes('GET http://holdline.test/healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(answer.status).toBe(200);
  });

  test('an Upgrade header is ignored', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n';
    const { answer } = await exchangeBytes(`GET /healthz HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`);
    expect(answer.status).toBe(200);
  });

  test('Expect: 100-continue, as curl sends it with large bodies, and an unknown expectation', async () => {
    const connection = await Connection.open(server.url);
    connection.write(`${JOIN}Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
    expect((await connection.reply()).status).toBe(100);
    connection.write('{}');
    expect((await connection.reply()).status).toBe(201);
    connection.request('GET', '/healthz', { headers: { Expect: 'tea' } });
    expect((await connection.reply()).status).toBe(200);
  });

  test('several requests on one connection, pipelined or not', async () => {
    const connection = await Connection.open(server.url);
    connection.request('GET', '/healthz');
    connection.request('GET', '/nowhere');
    connection.request('GET', '/readyz');
    const answers = [await answerTo(connection), await answerTo(connection), await answerTo(connection)];
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 200]);
  });

  test('a refused body does not spoil the connection', async () => {
    const connection = await Connection.open(server.url);
    const body = { messages: 'x'.repeat(100_000) };
    connection.request('POST', '/v1/rooms/r/messages/batch', { body });
    expect((await connection.reply()).status).toBe(401);
    connection.request('GET', '/healthz');
    expect((await connection.reply()).status).toBe(200);
  });
});
