import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import express, { type Express } from 'express';
import { expectProblem } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { call, exchange, pointersOf, problemOf } from '../support/http.ts';
import { join, LEAVING, type Member, newRoom } from '../support/member.ts';
import { NO_IDLE_TIMEOUT } from '../support/no-idle-timeout.ts';

let service: Service;
let outer: Express;
let server: Server;
let url: string;
beforeAll(async () => {
  service = await createService({ maxMessageBytes: 1_000 });
  outer = express();
  outer.use('/signal/v2', service.app);
  outer.use('/parsed', express.json({ limit: '10mb' }), service.app);
  outer.use('/raw', express.raw({ type: '*/*' }), service.app);
  outer.use('/text', express.text({ type: '*/*' }), service.app);
  outer.use('/eaten', eatBody, service.app);
  outer.get('/own', (_req, res) => void res.send('the outer app'));
  server = createServer(NO_IDLE_TIMEOUT, outer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await closeServices();
  server.close();
});

const eatBody: express.RequestHandler = (req, _res, next) => void req.resume().once('end', () => next());

describe('mounted in another Express app', () => {
  const at = (path: string) => `${url}/signal/v2${path}`;

  test('a message reaches a held poll', async () => {
    const roomId = newRoom();
    const [alice, bob] = [await join(at(''), roomId, 'alice'), await join(at(''), roomId, 'bob')];
    const poll = await service.hold('bob', () => bob.poll({ wait: 10 }));
    const { recipients } = await alice.send({ to: 'bob', type: 'custom', payload: { a: 1 } });
    expect(recipients).toEqual([{ participantId: 'bob', listening: true }]);
    expect((await poll.ended).messages).toMatchObject([{ from: 'alice', payload: { a: 1 } }]);
    expect((await bob.leaveBy('POST', { 'X-HTTP-Method-Override': 'DELETE' })).status).toBe(204);
    expect((await alice.call('leaveRoomByPost')).status).toBe(204);
  });

  test.each([
    ['an unknown path', 'GET', '/nowhere', 'not-found'],
    ['another method', 'PUT', '/v1/rooms/r/messages', 'method-not-allowed'],
    ['a refused override', 'GET', '/v1/rooms/r/messages', 'invalid-request'],
    ['an undecodable path', 'GET', '/v1/rooms/%zz/messages', 'invalid-request'],
    ['a refusal by a route', 'GET', '/v1/rooms/r/participants', 'unauthenticated'],
  ] as const)('the type of a problem leads to its page: %s', async (name, method, path, code) => {
    const headers: Record<string, string> = name.includes('override') ? { 'X-HTTP-Method-Override': 'GET' } : {};
    const answer = await exchange(at(''), method, path, { headers });
    expectProblem(answer, code);
    const { type } = problemOf(answer, code);
    expect(type).toBe(`/signal/v2/problems/${code}`);
    const page = await exchange(url, 'GET', type);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  });

  test('its own links have the mount path', async () => {
    expect((await call(at(''), 'getServiceInfo', {})).body).toMatchObject({ openapi: '/signal/v2/openapi.yaml' });
    for (const id of ['getOpenapiJson', 'getOpenapi30Json'] as const) {
      expect((await call(at(''), id, {})).body).toMatchObject({ servers: [{ url: '/signal/v2' }] });
    }
    expect((await call(at(''), 'getOpenapiYaml', {})).body).toContain('url: /signal/v2\n');
    expect((await exchange(at(''), 'GET', '/nowhere')).body).toMatchObject({
      detail: 'There is nothing at /signal/v2/nowhere. See /signal/v2/openapi.yaml.',
    });
  });

  test('two mounts of one service each have their own path, at the same time', async () => {
    const servers = async (base: string) => (await call(`${url}${base}`, 'getOpenapiJson', {})).body;
    expect(await servers('/signal/v2')).toMatchObject({ servers: [{ url: '/signal/v2' }] });
    expect(await servers('/parsed')).toMatchObject({ servers: [{ url: '/parsed' }] });
    expect(await servers('/signal/v2')).toMatchObject({ servers: [{ url: '/signal/v2' }] });
  });

  test('preflights are answered, and other paths of the outer app are not', async () => {
    const headers = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'POST' };
    const preflight = await exchange(at(''), 'OPTIONS', '/v1/rooms/r/messages', { headers });
    expect([preflight.status, preflight.headers['access-control-max-age']]).toEqual([204, '7200']);
    const own = await exchange(url, 'GET', '/own', { headers: { 'X-HTTP-Method-Override': 'PATCH' } });
    expect([own.status, own.body, own.headers['x-request-id']]).toEqual([200, 'the outer app', undefined]);
  });

  test('TRUST_PROXY is its own setting, whatever the outer app trusts', async () => {
    const trusting = await createService({ trustProxy: 1, rateLimitJoinsPerMinute: 1 });
    outer.use('/trusting', trusting.app);
    const statusFor = async (address: string): Promise<number> => {
      const headers = { 'X-Forwarded-For': address };
      return (await call(`${url}/trusting`, 'joinRoom', { roomId: newRoom() }, { headers })).status;
    };
    expect([await statusFor('192.0.2.1'), await statusFor('192.0.2.2')]).toEqual([201, 201]);
    expect(await statusFor('192.0.2.1')).toBe(429);
  });

  test('the poll of a client that hangs up is released', async () => {
    const alice = await join(at(''), newRoom(), 'vanishing');
    const poll = request(at(`/v1/rooms/${alice.roomId}/messages?wait=10`), {
      headers: { Authorization: `Bearer ${alice.token}` },
    });
    poll.on('error', () => undefined);
    await service.hold('vanishing', () => once(poll.end(), 'response'));
    const ended = service.ending('vanishing');
    poll.destroy();
    await ended;
  });
});

describe('behind a body parser of the outer app', () => {
  test.each(['/parsed', '/raw', '/text'])('messages are accepted and refused as usual: %s', async (base) => {
    const target = `${url}${base}`;
    const alice = await join(target, newRoom(), { participantId: 'alice', metadata: { a: 1 } });
    const bob = await join(target, alice.roomId, 'bob');
    await alice.send({ type: 'custom', payload: { a: [1, null, 'é'] } });
    expect((await bob.poll()).messages).toMatchObject([{ payload: { a: [1, null, 'é'] } }]);
    expect((await bob.call('pollMessages', { body: { wait: 0 } })).status).toBe(200);
    expect((await alice.call('pollMessages')).status).toBe(200);
    expect(pointersOf(await alice.call('sendMessage', { body: { type: 'x', y: 1 } }))).toEqual([
      '/body/type',
      '/body/y',
    ]);
    const large = await alice.call('sendMessage', { body: { type: 'custom', payload: 'x'.repeat(1_000) } });
    expect(problemOf(large, 'too-large').detail).toBe('The body has 1030 bytes; at most 1000 are allowed.');
    const deep = `{"type":"custom","payload":${'['.repeat(400)}${']'.repeat(400)}}`;
    expect(pointersOf(await alice.call('sendMessage', { text: deep }))).toEqual(['/body']);
  });

  test('a body that the outer app has read and discarded is 500 at once', async () => {
    const answer = await call(`${url}/eaten`, 'joinRoom', { roomId: newRoom() }, { body: {} });
    problemOf(answer, 'internal');
  });
});

describe('closed while the app that it is mounted in goes on', () => {
  let closing: Service;
  let alice: Member;
  let bob: Member;
  beforeEach(async () => {
    closing = await createService();
    alice = await join(closing.app, newRoom(), 'alice');
    bob = await join(closing.app, alice.roomId, 'bob');
  });

  test('it ends its held polls with an empty batch', async () => {
    const poll = await closing.hold('bob', () => bob.poll({ wait: 20 }));
    await closing.holdline.close();
    expect(await poll.ended).toMatchObject({ messages: [], more: false, expired: 0 });
  });

  test('later requests get shutting-down', async () => {
    await closing.holdline.close();
    problemOf(await call(closing.app, 'joinRoom', { roomId: newRoom() }), 'shutting-down');
    problemOf(await alice.call('pollMessages'), 'shutting-down');
    problemOf(await call(closing.app, 'getReadiness', {}), 'shutting-down');
    const acknowledgement = { body: { cursor: alice.joined.cursor } };
    problemOf(await alice.call('acknowledgeMessages', acknowledgement), 'storage-unavailable');
    problemOf(await alice.call('sendMessage', { body: { type: 'invite' } }), 'storage-unavailable');
    for (const id of LEAVING) problemOf(await alice.call(id), 'storage-unavailable');
  });
});
