import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { once } from 'node:events';
import { connect } from 'node:net';
import { cleanUp } from '../support/clean-up.ts';
import { requestText } from '../support/connection.ts';
import { closeServices } from '../support/holdline.ts';
import { join, type Member } from '../support/member.ts';
import { fuzzedService } from './fuzzed-service.ts';

afterEach(cleanUp);
afterEach(closeServices);

const BUDGET_MS = 9_000;

test('every response to fuzzed bytes is complete and well-formed, the service logs no error, and other clients are served', async () => {
  const { url, alice, faults } = await fuzzedService();
  await fc.assert(
    fc.asyncProperty(streams(alice), async (bytes) => {
      const answered = await sendAll(url, bytes);
      expect({ faults, wrong: violations(answered) }).toEqual({ faults: [], wrong: [] });
    }),
    { numRuns: 20_000, interruptAfterTimeLimit: BUDGET_MS, markInterruptAsFailure: false },
  );
  expect((await join(url, 'afterwards')).joined.participants).toHaveLength(1);
});

/** Arbitrary bytes; or up to three valid requests with some bytes changed. */
function streams({ token }: Member): fc.Arbitrary<Buffer> {
  const good = fc.constantFrom(
    requestText('GET', '/v1/rooms/room/messages?wait=0', { token }),
    requestText('POST', '/v1/rooms/room/messages', { token, body: { type: 'custom', payload: { a: [1, null] } } }),
    requestText('POST', '/v1/rooms/room/participants', { body: {} }),
    chunked('POST /v1/rooms/room/messages/poll', token, '{"wait":0}'),
    'POST /v1/rooms/room/messages/ack HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET http://[h/v1 HTTP/1.1\r\nHost: h\r\n\r\n',
    'GET /healthz HTTP/1.0\r\n\r\n',
    'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  );
  const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(4), insert: pieces });
  const edited = fc
    .tuple(fc.array(good, { minLength: 1, maxLength: 3 }), fc.array(edit, { maxLength: 4 }))
    .map(([requests, edits]) => edits.reduce(apply, Buffer.from(requests.join(''), 'latin1')));
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  return fc.oneof({ weight: 6, arbitrary: edited }, { weight: 1, arbitrary: noise });
}

const chunked = (line: string, token: string, body: string): string =>
  `${line} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
  `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

const pieces: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      '\r\n',
      '\n',
      '\r\n\r\n',
      '\0',
      ' ',
      ':',
      '%',
      '../',
      '?',
      'Content-Length: 9\r\n',
      'X: '.padEnd(20_000, 'x'),
      'ÿ',
    )
    .map((text) => Buffer.from(text, 'latin1')),
);

function apply(bytes: Buffer, { at, cut, insert }: { at: number; cut: number; insert: Buffer }): Buffer {
  const index = Math.floor(at * bytes.length);
  return Buffer.concat([bytes.subarray(0, index), insert, bytes.subarray(index + cut)]);
}

/** Sends the bytes and a FIN. @returns all bytes that the server sends until it closes */
async function sendAll(url: string, bytes: Buffer): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset is acceptable: the server may refuse to read on.
  socket.on('error', () => undefined);
  socket.end(bytes);
  socket.once('end', () => socket.destroy());
  await once(socket, 'close').catch(() => undefined);
  return Buffer.concat(chunks).toString('latin1');
}

const HEAD = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n:]+: [^\r\n]*\r\n)*)\r\n/;
const NEEDED = ['cache-control: no-store', 'x-request-id: '];

/** Parses the responses one after another by their Content-Length. @returns the first violation */
function violations(answered: string): string[] {
  let rest = answered;
  while (rest !== '') {
    const [head, status = '', lines = ''] = HEAD.exec(rest) ?? [];
    if (head === undefined) return [`malformed response: ${rest.slice(0, 200)}`];
    rest = rest.slice(head.length);
    if (status === '100') continue;
    const headers = lines.toLowerCase();
    if (status.startsWith('5') && status !== '503' && status !== '501') return [`answered ${status}`];
    const missing = NEEDED.filter((needed) => !headers.includes(needed));
    if (missing.length > 0) return [`${status} lacks ${missing.join(', ')}`];
    const length = Number(/^content-length: (\d+)\r$/m.exec(headers)?.[1] ?? (status === '204' ? 0 : NaN));
    if (!(rest.length >= length)) return [`${status} is incomplete`];
    rest = rest.slice(length);
  }
  return [];
}
