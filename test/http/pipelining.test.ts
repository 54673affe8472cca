import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { App } from '../../src/http/app.ts';
import { prepareForExpress } from '../../src/http/server/express-prototypes.ts';
import { createHttpServer } from '../../src/http/server/server.ts';
import express from 'express';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { Connection, requestText } from '../support/connection.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { call } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';

afterEach(cleanUp);
afterAll(closeServices);

const OPEN_AT_MOST = 16;

/** The HTTP server without the service; the test answers its requests. */
class BareServer {
  readonly handled: { readonly req: IncomingMessage; readonly res: ServerResponse }[] = [];
  open = 0;
  readonly #server: Server;

  constructor() {
    const app: App = {
      app: express(),
      prepared: prepareForExpress(express()),
      answer: (req, res) => void this.handled.push({ req, res }),
      refuse: (_req, res) => res.writeHead(400, ['Content-Length', '0']).end(),
      hasSocket: false,
      upgrade: () => false,
      withoutRequest: [],
    };
    this.#server = createHttpServer(app, 75_000, { onOpen: () => (this.open += 1), onClose: () => (this.open -= 1) });
  }

  async connect(): Promise<Connection> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    onCleanUp(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return Connection.open(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  /** Resolves when `count` requests have been handled and the server is idle. */
  async untilHandled(count: number): Promise<void> {
    while (this.handled.length < count) await quiet();
    for (let turn = 0; turn < 10; turn += 1) await quiet();
  }

  get paths(): (string | undefined)[] {
    return this.handled.map(({ req }) => req.url);
  }

  answer(index: number, body = ''): void {
    this.handled[index]?.res.writeHead(200, ['Content-Length', String(body.length)]).end(body);
  }
}

/** A turn of the event loop, in which sockets are read. */
const quiet = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1));

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const requests = (count: number): string =>
  numbers(count)
    .map((index) => requestText('GET', `/${index}`))
    .join('');
const pathsUpTo = (count: number): string[] => numbers(count).map((index) => `/${index}`);

describe('of pipelined requests on one connection', () => {
  let server: BareServer;
  let connection: Connection;
  beforeEach(async () => {
    server = new BareServer();
    connection = await server.connect();
  });

  test('16 pipelined requests are handled at once, and a further one after each response', async () => {
    connection.write(requests(1_000));
    await server.untilHandled(OPEN_AT_MOST);
    expect(server.paths).toEqual(pathsUpTo(OPEN_AT_MOST));
    server.answer(0);
    await server.untilHandled(OPEN_AT_MOST + 1);
    expect(server.paths).toEqual(pathsUpTo(OPEN_AT_MOST + 1));
  });

  test('fewer than 100 of 1,000 pipelined requests are parsed before their turn', async () => {
    connection.write(requests(1_000));
    await server.untilHandled(OPEN_AT_MOST);
    expect(server.open).toBeLessThan(100);
  });

  test('no request is handled while 256 KiB of responses wait', async () => {
    connection.write(requests(3));
    await server.untilHandled(3);
    server.answer(1, 'x'.repeat(262_144));
    connection.write(requests(3));
    await server.untilHandled(3);
    expect(server.handled).toHaveLength(3);
    server.answer(0);
    server.answer(2);
    await server.untilHandled(6);
    expect((await connection.reply()).status).toBe(200);
    expect((await connection.reply()).text).toHaveLength(262_144);
  });

  test('responses keep the order of the requests, whatever the order of handling', async () => {
    connection.write(requests(100));
    for (let from = 0; from < 100; from += 5) {
      await server.untilHandled(from + 5);
      for (const index of numbers(5).reverse()) server.answer(from + index, String(from + index));
    }
    const texts: string[] = [];
    for (let count = 0; count < 100; count += 1) texts.push((await connection.reply()).text);
    expect(texts).toEqual(numbers(100).map(String));
    expect(server.open).toBe(0);
  });

  test('bodies of any size arrive whole', async () => {
    const bodies = numbers(40).map((index) => 'b'.repeat(index * 700));
    connection.write(bodies.map((body) => requestText('POST', '/', { body })).join(''));
    const received: string[] = [];
    for (const index of bodies.keys()) {
      await server.untilHandled(index + 1);
      received.push(await textOf(server.handled[index]?.req));
      server.answer(index);
    }
    expect(received).toEqual(bodies.map((body) => JSON.stringify(body)));
  });

  test('waiting requests end with their connection', async () => {
    connection.write(requests(1_000));
    await server.untilHandled(OPEN_AT_MOST);
    await connection.reset();
    while (server.open > 0) await quiet();
    expect(server.handled).toHaveLength(OPEN_AT_MOST);
  });

  test.each([
    ['two Host fields', 'GET /bad HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
    [
      'an unknown transfer coding',
      'POST /bad HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('no request is handled after one with %s', async (_, bad) => {
    connection.write(requests(1) + bad + requests(5));
    await server.untilHandled(1);
    server.answer(0);
    expect((await connection.reply()).status).toBe(200);
    expect((await connection.reply()).status).toBe(400);
    await connection.closed;
    expect(server.paths).toEqual(['/0']);
  });

  test('no request is handled after a response that ends the connection', async () => {
    connection.write(requests(20));
    await server.untilHandled(OPEN_AT_MOST);
    const [first] = server.handled;
    if (first !== undefined) first.res.shouldKeepAlive = false;
    for (const index of numbers(OPEN_AT_MOST)) server.answer(index);
    await connection.closed;
    expect(server.handled).toHaveLength(OPEN_AT_MOST);
  });

  test('a body behind the maximum number of open requests arrives', async () => {
    const body = JSON.stringify('late');
    const head = requestText('POST', '/late', { headers: { 'Content-Length': String(body.length) } });
    connection.write(requests(OPEN_AT_MOST - 1) + head);
    await server.untilHandled(OPEN_AT_MOST);
    connection.write(body);
    expect(await textOf(server.handled.at(-1)?.req)).toBe(body);
  });
});

async function textOf(req: IncomingMessage | undefined): Promise<string> {
  let text = '';
  for await (const chunk of req ?? []) text += String(chunk);
  return text;
}

test('500 pipelined polls on one connection are all answered', async () => {
  const { url } = await startService({ rateLimit: 'off' });
  const alice = await join(url, newRoom(), 'alice');
  const connection = await Connection.open(url);
  const poll = requestText('POST', `/v1/rooms/${alice.roomId}/messages/poll`, {
    token: alice.token,
    body: { wait: 0 },
  });
  connection.write(poll.repeat(500));
  for (let count = 0; count < 500; count += 1) expect((await connection.reply()).status).toBe(200);
});

describe('requests that cost more to answer than to send', () => {
  test('metrics are rendered at most ten times a second, and sent for every request', async () => {
    const { service } = await startService();
    const texts = await Promise.all(numbers(30).map(() => call(service.app, 'getMetrics', {})));
    const rendered = new Set(texts.map(({ body }) => body));
    expect(texts.every(({ status }) => status === 200)).toBe(true);
    expect(rendered.size).toBeLessThan(25);
  });

  test('a participant that reads the roster in a loop is refused, other participants of its room are not', async () => {
    const { service } = await startService();
    const room = newRoom();
    const [alice, bob] = [await join(service.app, room, 'alice'), await join(service.app, room, 'bob')];
    const answers = await Promise.all(numbers(60).map(() => alice.call('listParticipants')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers).toMatchObject({ 'ratelimit-policy': '"roster";q=50;w=10' });
    expect((await bob.call('listParticipants')).status).toBe(200);
  });

  test('RATE_LIMIT=off lifts the limit of roster reads', async () => {
    const { service } = await startService({ rateLimit: 'off' });
    const alice = await join(service.app, newRoom(), 'alice');
    const answers = await Promise.all(numbers(60).map(() => alice.call('listParticipants')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });
});
