import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultSettings } from '../../src/settings/settings.ts';
import { createLog } from '../../src/log.ts';
import type { Log } from '../../src/log.ts';
import { mintToken } from '../../src/signalling/tokens.ts';

const SDP = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\na=ice-pwd:hunter2hunter2\r\n';
const CANDIDATE = 'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.4 rport 46154';
const TOKEN = mintToken().token;
const KEY = 'idempotency-hunter2';

/** None of these may appear in a line. */
const SENSITIVE = ['hunter2', '203.0.113.7', '4611731400430051336', TOKEN.slice(14)];

function capture(write: (log: Log) => void): string {
  const lines: string[] = [];
  write(createLog('trace', { write: (line) => lines.push(line) }));
  return lines.join('');
}

function parsed(write: (log: Log) => void): Record<string, unknown> {
  return JSON.parse(capture(write)) as Record<string, unknown>;
}

function failure(message: string, extras: object = {}): Error {
  return Object.assign(new Error(message), extras);
}

function syntaxError(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

describe('the log hides', () => {
  const offer = { type: 'offer', to: 'bob', payload: { type: 'offer', sdp: SDP } };
  const iceServers = [{ urls: ['turn:t.example'], username: 'u', credential: 'hunter2' }];

  test.each<[string, (log: Log) => void]>([
    ['a message', (log) => log.info(offer, 'sent')],
    ['a nested message', (log) => log.info({ a: { b: [{ message: offer }] } })],
    ['a session description under another name', (log) => log.info({ text: SDP })],
    ['a session description in the message', (log) => log.info(`got ${SDP}`)],
    ['a body as JSON text', (log) => log.info({ text: JSON.stringify(offer) }, JSON.stringify(offer))],
    ['a formatted body', (log) => log.info('body %j of %s', offer, SDP)],
    ['a candidate', (log) => log.info({ candidate: CANDIDATE, list: [CANDIDATE] }, CANDIDATE)],
    ['a formatted candidate', (log) => log.info('candidate %s', CANDIDATE)],
    ['a token', (log) => log.info({ token: TOKEN, participantToken: TOKEN, text: TOKEN }, `token ${TOKEN}`)],
    ['a header', (log) => log.info({ headers: { Authorization: 'Bearer hunter2', 'idempotency-key': KEY } })],
    ['headers in the message', (log) => log.info(`Authorization: Bearer hunter2, Idempotency-Key: ${KEY}`)],
    ['raw headers', (log) => log.info({ rawHeaders: ['Idempotency-Key', KEY] })],
    ['an error with a body', (log) => log.error(failure('failed', { body: JSON.stringify(offer), payload: offer }))],
    ['an error that quotes its input', (log) => log.error({ err: failure(`bad input: ${SDP}`) }, 'failed')],
    ['the cause of an error', (log) => log.error(new Error('outer', { cause: failure(SDP, { sdp: SDP }) }))],
    ['an aggregate error', (log) => log.error(new AggregateError([failure(CANDIDATE)], 'several'))],
    ['the input that a JSON error quotes', (log) => log.error(syntaxError('{"a":hunter2}'))],
    ['a token at the cut of a long text', (log) => log.info({ text: `${'x '.repeat(4_090)}${TOKEN} ${SDP}` })],
    [
      'secrets in settings',
      (log) => log.info({ settings: { ...defaultSettings(), iceServers, turnSecret: ['hunter2'] } }),
    ],
    ['a URL with a password', (log) => log.info({ store: 'redis://user:hunter2@redis.example' })],
    ['keys', (log) => log.info({ apiKeys: ['hunter2'], accessTokenSecret: 'hunter2', password: 'hunter2' })],
    ['a class instance', (log) => log.info({ map: new Map([['sdp', SDP]]), bytes: Buffer.from(SDP) })],
  ])('%s', (_what, write) => {
    const text = capture(write);
    expect(text).not.toBe('');
    for (const part of SENSITIVE) expect(text).not.toContain(part);
  });

  test('headers and body of a real request and its response', async () => {
    const lines: string[] = [];
    const log = createLog('trace', { write: (line) => lines.push(line) });
    const server = createServer((req, res) => {
      log.info(req, 'request');
      log.info({ req, res }, 'request');
      log.info(res, 'response');
      res.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const headers = { Authorization: `Bearer ${TOKEN}`, 'Idempotency-Key': KEY, Cookie: 'hunter2' };
    const sent = request({ port, path: '/v1/rooms/r/messages', method: 'POST', headers, agent: false }).end(SDP);
    await once(sent, 'response');
    server.close();
    const text = lines.join('');
    for (const part of SENSITIVE) expect(text).not.toContain(part);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      req: { method: 'POST', url: '/v1/rooms/r/messages' },
      res: { statusCode: 200 },
    });
  });
});

describe('a log line contains', () => {
  test('level, time, message and fields', () => {
    const line = parsed((log) => log.warn({ room: 'r', count: 3, nested: { ok: true, none: null } }, 'be careful'));
    expect(line).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      room: 'r',
      count: 3,
      nested: { ok: true, none: null },
      msg: 'be careful',
    });
  });

  test('an error with its stack, code and cause', () => {
    const error = new TypeError('cannot store', { cause: failure('disk full', { code: 'SQLITE_FULL' }) });
    expect(parsed((log) => log.error({ err: error }, 'failed'))).toMatchObject({
      msg: 'failed',
      err: {
        type: 'TypeError',
        message: 'cannot store',
        stack: expect.stringContaining('log.test.ts'),
        cause: { message: 'disk full', code: 'SQLITE_FULL' },
      },
    });
  });

  test('the message of an error that is logged alone', () => {
    expect(parsed((log) => log.error(new Error('no more')))).toMatchObject({
      msg: 'no more',
      err: { message: 'no more' },
    });
  });

  test('the text around a hidden part', () => {
    expect(parsed((log) => log.info('header Bearer abc was refused')).msg).toBe('header Bearer [hidden] was refused');
  });

  test('dates and big numbers', () => {
    const at = new Date(0);
    expect(parsed((log) => log.info({ at, size: 2n ** 64n }))).toMatchObject({
      at: '1970-01-01T00:00:00.000Z',
      size: '18446744073709551616',
    });
  });
});

test('lines below the minimum level are not written', () => {
  const lines: string[] = [];
  const log = createLog('warn', { write: (line) => lines.push(line) });
  log.info('quiet');
  log.warn('loud');
  expect(lines).toHaveLength(1);
});

test('a circular object is cut off', () => {
  const circle: Record<string, unknown> = { name: 'circle' };
  circle.self = circle;
  expect(capture((log) => log.info({ circle }))).toContain('[deep]');
});
