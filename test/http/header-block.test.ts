import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { API_POLICY, constantHeaders, PAGE_HEADERS, PAGE_POLICY } from '../../src/http/response/headers.ts';
import { write, type Reply } from '../../src/http/response/reply.ts';

const CONSTANT = constantHeaders('*');

let server: Server;
let answer: (req: IncomingMessage, res: ServerResponse) => void;
beforeAll(async () => {
  server = createServer((req, res) => answer(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

interface Sent {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly version: '1.0' | '1.1';
  readonly fields: readonly string[];
}

/** @returns everything that the connection brings, with the time blanked */
async function bytesOf({ method, version, fields }: Sent): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  // The second request ends the connection, unless the first did.
  const second = `GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
  socket.write(`${method} / HTTP/${version}\r\n${['Host: a', ...fields].join('\r\n')}\r\n\r\n${second}`);
  return (await text(socket)).replaceAll(/^Date: .*$/gm, 'Date: now');
}

/** What an app around this one may have done with the response. */
type Preparation = (res: ServerResponse) => void;
const PREPARATIONS: Readonly<Record<string, Preparation>> = {
  nothing: () => undefined,
  'a header of its own': (res) => res.setHeader('X-Outer', 'a'),
  'a header that is replaced': (res) => res.setHeader('cache-control', 'public'),
  'several values': (res) => res.setHeader('Set-Cookie', ['a=1', 'b=2']),
  'a header removed': (res) => res.removeHeader('Date'),
  'no Connection': (res) => res.removeHeader('Connection'),
  'no date': (res) => void (res.sendDate = false),
  'a connection that ends': (res) => void (res.shouldKeepAlive = false),
  'another reason': (res) => void (res.statusMessage = 'Fine'),
  'another status': (res) => void (res.statusCode = 404),
  'a trailer': (res) => res.addTrailers({ 'X-Trailer': 'a' }),
};

const REPLY: fc.Arbitrary<Reply> = fc.record(
  {
    status: fc.constantFrom(200, 201, 204, 304, 400, 401, 404, 409, 429, 503, 599),
    body: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    ),
    mediaType: fc.constantFrom('application/problem+json; charset=utf-8', 'text/plain'),
    contentPolicy: fc.constantFrom(API_POLICY, PAGE_POLICY),
    headers: fc.constantFrom(PAGE_HEADERS, ['Retry-After', '1'], ['Allow', 'GET', 'X-Accel-Buffering', 'no']),
  },
  { requiredKeys: ['status'] },
);
const SENT: fc.Arbitrary<Sent> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
  version: fc.constantFrom('1.0', '1.1'),
  fields: fc.subarray(['Connection: close', 'Connection: keep-alive', 'Content-Length: 0', 'Expect: 100-continue']),
});

describe('a prepared block of headers', () => {
  test('makes the bytes that writeHead makes, for any request and reply', async () => {
    await fc.assert(
      fc.asyncProperty(SENT, REPLY, fc.constantFrom(...Object.keys(PREPARATIONS)), async (sent, reply, name) => {
        const answerWith = (prepare: Preparation) => async () => {
          answer = (_req, res) => {
            PREPARATIONS[name]?.(res);
            prepare(res);
            write(res, CONSTANT, 'id', reply);
          };
          return bytesOf(sent);
        };
        const withBlock = await answerWith(() => undefined)();
        // A hook of its own is enough for the usual way.
        const withoutBlock = await answerWith((res) => (res.writeHead = res.writeHead.bind(res)))();
        expect(withBlock).toBe(withoutBlock);
      }),
      { numRuns: 300 },
    );
  });

  test('is used for a plain response', async () => {
    let statusLine = '';
    answer = (_req, res) => {
      const lastStep = Reflect.get(res, LAST_STEP) as LastStep;
      const noted: LastStep = (line, ...rest) => {
        statusLine = line;
        lastStep.call(res, line, ...rest);
      };
      Object.assign(res, { [LAST_STEP]: noted });
      write(res, CONSTANT, 'id', { status: 200, body: '{}' });
    };
    expect(await bytesOf(PLAIN)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(statusLine).toContain('\r\nCache-Control: no-store\r\n');
  });

  test('does not bypass a writeHead that an outer app has replaced', async () => {
    answer = (_req, res) => {
      const writeHead = Reflect.get(res, 'writeHead') as WriteHead;
      const hooked: WriteHead = function (...given) {
        this.setHeader('X-Hook', 'called');
        return writeHead.apply(this, given);
      };
      Object.assign(res, { writeHead: hooked });
      write(res, CONSTANT, 'id', { status: 200, body: '{}' });
    };
    expect(await bytesOf(PLAIN)).toContain('X-Hook: called\r\n');
  });

  test('is given to writeHead in a Node without the private method', async () => {
    let times = 0;
    const reply = (prepare: Preparation) => {
      answer = (_req, res) => {
        prepare(res);
        write(res, CONSTANT, 'id', { status: 200, body: '{}' });
      };
      return bytesOf(PLAIN);
    };
    // On this response alone, and at the first look only: Node's own writeHead needs the method.
    const hideLastStep: Preparation = (res) => {
      const lastStep: unknown = Reflect.get(res, LAST_STEP);
      const looks = [undefined, lastStep];
      Object.defineProperty(res, LAST_STEP, { get: () => looks.shift() });
      res.on('finish', () => (times += Number(looks.length === 0)));
    };
    const before = await reply(() => undefined);
    expect(await reply(hideLastStep)).toBe(before);
    expect(times).toBe(2); // `bytesOf` sends two requests.
  });
});

const LAST_STEP = '_storeHeader';
const PLAIN: Sent = { method: 'GET', version: '1.1', fields: [] };
type LastStep = (statusLine: string, ...rest: unknown[]) => void;
type WriteHead = (this: ServerResponse, ...given: unknown[]) => ServerResponse;
