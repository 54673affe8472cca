import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import type { Problem } from '../../src/wire/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { Connection, type RawReply } from '../support/connection.ts';
import { Ledger } from '../support/ledger.ts';
import type { Member } from '../support/member.ts';
import { ServerProcess, untilListening } from '../support/server-process.ts';

// All tests use one server, on which Alice and Bob must still exchange messages at the end.
let server: ServerProcess;
let ledger: Ledger;
let alice: Member;
let bob: Member;
let mallory: Member;

beforeAll(async () => {
  server = await ServerProcess.start({ env: { RATE_LIMIT: 'off', MAX_WAIT_SECONDS: '1', DEFAULT_WAIT_SECONDS: '1' } });
  ledger = new Ledger();
  alice = await ledger.join(server.url, 'room', 'alice');
  bob = await ledger.join(server.url, 'room', 'bob');
  mallory = await ledger.join(server.url, 'room', 'mallory');
});

afterAll(async () => {
  try {
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'after all that' });
    expect((await bob.poll()).messages.map((message) => message.id)).toContain(id);
    await ledger.settle();
    const { code, stdout } = await server.stop();
    expect({ code, errors: stdout.match(/"level":"(error|fatal)".*/g) }).toEqual({ code: 0, errors: null });
  } finally {
    await cleanUp();
  }
});

async function exchange(method: string, path: string, headers: Record<string, string>, body: string | Buffer = '') {
  const connection = await Connection.open(server.url);
  const length = method === 'GET' || method === 'HEAD' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  connection.request(method, path, { token: mallory.token, headers: { ...length, ...headers } });
  connection.write(body);
  const reply = await connection.reply();
  connection.socket.destroy();
  return reply;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const MESSAGES = '/v1/rooms/room/messages';
const verdictOf = ({ status, text }: RawReply) =>
  `${status} ${(JSON.parse(text) as Partial<Problem>).code ?? ''}`.trim();
const custom = (payload: string): string => `{"to":"bob","type":"custom","payload":${payload}}`;

describe('a hostile body', () => {
  const tooLong = custom(`"${'x'.repeat(65_536 - custom('""').length + 1)}"`);
  const bomb = gzipSync(Buffer.alloc(100_000_000)).subarray(0, 60_000);
  const surrogate = Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]).toString('latin1');

  test.each<[string, string, string | Buffer, Record<string, string>]>([
    ['of broken JSON', '400 invalid-json', '{"type":"offer","payload":', JSON_TYPE],
    ['that is a number', '400 invalid-request', '1', JSON_TYPE],
    ['that is a text', '400 invalid-request', '"offer"', JSON_TYPE],
    ['that is null', '400 invalid-request', 'null', JSON_TYPE],
    ['without a content type', '415 unsupported-media-type', custom('1'), {}],
    ['that is one byte too long', '413 too-large', tooLong, JSON_TYPE],
    [
      'in another charset',
      '415 unsupported-media-type',
      custom('1'),
      { 'Content-Type': 'application/json; charset=utf-16' },
    ],
    ['that is a gzip bomb', '415 unsupported-media-type', bomb, { ...JSON_TYPE, 'Content-Encoding': 'gzip' }],
    [
      'with __proto__ beside the fields',
      '400 invalid-request',
      '{"type":"custom","__proto__":{"to":"bob"}}',
      JSON_TYPE,
    ],
    ['of depth 10,000', '400 invalid-request', custom('['.repeat(10_000) + ']'.repeat(10_000)), JSON_TYPE],
    ['with an escaped lone surrogate', '400 invalid-request', custom('"\\ud800 \\udfff"'), JSON_TYPE],
    ['of depth 65', '400 invalid-request', custom('['.repeat(65) + ']'.repeat(65)), JSON_TYPE],
    ['with a lone surrogate in bytes', '400 invalid-json', Buffer.from(custom(surrogate), 'latin1'), JSON_TYPE],
    ['with a bare NUL', '400 invalid-json', custom('"\0"'), JSON_TYPE],
  ])('%s is answered with %s', async (_, verdict, body, headers) => {
    expect(verdictOf(await exchange('POST', MESSAGES, headers, body))).toBe(verdict);
  });

  test.each([
    ['__proto__ in its payload', '{"__proto__":{"admin":true},"constructor":{"prototype":1}}'],
    ['an escaped NUL', '"\\u0000 after it"'],
    ['a payload of depth 64', `${'['.repeat(64)}${']'.repeat(64)}`],
    ['numbers at the edge', '[9007199254740993,-0,1e308]'],
  ])('with %s is delivered as it is', async (_, payload) => {
    const { cursor: after } = await bob.poll();
    expect((await exchange('POST', MESSAGES, JSON_TYPE, custom(payload))).status).toBe(201);
    const received = (await bob.poll({ after })).messages[0]?.payload;
    expect(JSON.stringify(received)).toBe(JSON.stringify(JSON.parse(payload)));
  });
});

describe('a hostile cursor', () => {
  const expired = '410 cursor-expired';
  const invalid = '400 invalid-cursor';

  test.each<[string, string, () => string]>([
    ['that is empty', invalid, () => ''],
    ['of 4,000 characters', invalid, () => 'a'.repeat(4_000)],
    ['in unicode', invalid, () => 'Ω≈ç√\u{1f600}'],
    ['-1', invalid, () => '-1'],
    ['1e3', invalid, () => '1e3'],
    ['2^63', invalid, () => String(2n ** 63n)],
    ["of another's mailbox", expired, () => bob.joined.cursor],
  ])('%s is answered with %s by every operation that takes a cursor', async (_, verdict, cursorOf) => {
    const cursor = cursorOf();
    const body = (field: string): string => JSON.stringify({ [field]: cursor });
    const replies = [
      await exchange('GET', `${MESSAGES}?after=${encodeURIComponent(cursor)}`, {}),
      await exchange('POST', `${MESSAGES}/poll`, JSON_TYPE, body('after')),
      await exchange('POST', `${MESSAGES}/ack`, JSON_TYPE, body('cursor')),
    ];
    expect(replies.map(verdictOf)).toEqual([verdict, verdict, verdict]);
  });

  test('given twice is answered with 400 invalid-request', async () => {
    const { cursor } = mallory.joined;
    const reply = await exchange('GET', `${MESSAGES}?after=${cursor}&after=${cursor}`, {});
    expect(verdictOf(reply)).toBe('400 invalid-request');
  });
});

describe('a hostile wait', () => {
  test.each(['-1', '1e9', 'abc', '25.5', '1&wait=1'])('of %s is answered with 400 invalid-request', async (wait) => {
    const reply = await exchange('GET', `${MESSAGES}?wait=${wait}`, {});
    expect(verdictOf(reply)).toBe('400 invalid-request');
  });

  test('of 1000000000 is lowered to MAX_WAIT_SECONDS', async () => {
    const { cursor } = await mallory.poll();
    const startedMs = performance.now();
    const reply = await exchange('GET', `${MESSAGES}?wait=1000000000&after=${cursor}`, {});
    expect(JSON.parse(reply.text)).toMatchObject({ messages: [] });
    expect(performance.now() - startedMs).toBeGreaterThan(850);
  });
});

describe('an unexpected method', () => {
  test.each([
    ['HEAD', MESSAGES],
    ['PUT', MESSAGES],
    ['OPTIONS', MESSAGES],
    ['HEAD', `${MESSAGES}/poll`],
    ['PUT', '/v1/rooms/room/participants'],
    ['PATCH', '/v1/rooms/room/participants/mallory'],
  ])('%s on %s is answered with 405 and the allowed methods', async (method, path) => {
    const reply = await exchangeHead(method, path);
    expect(reply.status).toBe(405);
    expect(reply.headers.allow).toMatch(/^(GET|POST|DELETE)(, (GET|POST|DELETE))*$/);
  });

  test('HEAD on the poll path is neither held nor supersedes the held poll', async () => {
    const { cursor: after } = await mallory.poll();
    const poll = mallory.call('receiveMessages', { query: { after, wait: 1 } });
    await untilListening(mallory);
    expect((await exchangeHead('HEAD', `${MESSAGES}?wait=1`)).status).toBe(405);
    expect(await poll).toMatchObject({ status: 200 });
  });
});

/** Uses `fetch` for HEAD: its response has a Content-Length but no body. */
async function exchangeHead(method: string, path: string): Promise<RawReply> {
  if (method !== 'HEAD') return exchange(method, path, {});
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${mallory.token}` },
  });
  return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
}
