import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { killAll, startServer } from '../support/command.ts';
import { cleanUp } from '../support/clean-up.ts';
import { join } from '../support/member.ts';
import { QuietPoll } from '../support/quiet-poll.ts';
import { SocketReader, socketUrl } from '../support/socket-reader.ts';
import { type Backend, type Proxy, through } from './proxy.ts';

/** More than the tests need, and few enough that the test of flooding reaches it. */
const JOINS_PER_MINUTE = 40;

/** Tests that must pass behind every proxy, with its snippet of deploy/ in front of a running server. */
export function behindAProxy(name: string, start: (backend: Backend) => Promise<Proxy>): void {
  describe(`behind ${name}`, () => {
    let backend: Backend;
    let proxy: Proxy;
    beforeAll(async () => {
      const joins = String(JOINS_PER_MINUTE);
      const env = { TRUST_PROXY: '1', ADMIN_PORT: '0', LOG_LEVEL: 'debug', RATE_LIMIT_JOINS_PER_MINUTE: joins };
      const { command, port, adminPort } = await startServer({ env });
      backend = { command, port, adminPort: Number(adminPort) };
      proxy = await start(backend);
    });
    afterAll(cleanUp);
    afterAll(killAll);

    async function joined(room: string, participantId: string, from?: string): Promise<string> {
      const path = `/v1/rooms/${room}/participants`;
      const { body } = await through(proxy, 'POST', path, { body: { participantId }, ...(from && { from }) });
      return String(body.token);
    }

    const openSocket = (): Promise<SocketReader> =>
      SocketReader.open(socketUrl(`https://127.0.0.1:${proxy.port}`, 'road'), {
        options: { rejectUnauthorized: false },
      });

    test('a message reaches a held poll at once: nothing holds the reply back', async () => {
      const [alice, bob] = [await joined('room', 'alice'), await joined('room', 'bob')];
      const direct = `http://127.0.0.1:${backend.port}`;
      const quiet = await QuietPoll.start(await join(direct, 'silent', 'carol'), 20);
      const poll = through(proxy, 'GET', '/v1/rooms/room/messages?wait=40', { token: bob });
      await listening('room', alice, 'bob');
      const body = { to: 'bob', type: 'custom', payload: { hello: 'bob' } };
      expect(await through(proxy, 'POST', '/v1/rooms/room/messages', { body, token: alice })).toMatchObject({
        status: 201,
      });
      expect(await poll).toMatchObject({ status: 200, body: { messages: [{ payload: { hello: 'bob' } }] } });
      expect(quiet.isHeld).toBe(true);
      await quiet.end();
    });

    test('a held poll lasts as long as it asked for, and its answer is complete', async () => {
      const token = await joined('quiet', 'alice');
      const { status, headers, elapsedMs } = await through(proxy, 'GET', '/v1/rooms/quiet/messages?wait=3', { token });
      expect(status).toBe(200);
      expect(elapsedMs).toBeGreaterThan(2_600);
      expect(headers).toMatchObject({ 'content-length': expect.any(String), 'cache-control': 'no-store' });
      expect(headers['transfer-encoding']).toBeUndefined();
    });

    test('the request id is the same in its log, in the log of the service and in the answer', async () => {
      const { headers } = await through(proxy, 'GET', '/openapi.json', { headers: { 'X-Request-Id': 'forged' } });
      const id = String(headers['x-request-id']);
      expect(id).toMatch(/^[\w-]{16,}$/);
      const line = await backend.command.line(({ requestId }) => requestId === id, `a line with ${id}`);
      expect(line).toMatchObject({ msg: 'answered', operation: 'getOpenapiJson', status: 200 });
      await until(() => proxy.log().includes(id));
    });

    test('a socket reads: frames pass at once, in both directions', async () => {
      const [alice, bob] = [await joined('road', 'alice'), await joined('road', 'bob')];
      const reader = await openSocket();
      reader.send({ type: 'hello', token: bob });
      expect(await reader.expectFrame('welcome')).toMatchObject({ heartbeatSeconds: 20 });
      reader.send({ type: 'read', id: 'r1' });
      await reader.answer();
      const body = { to: 'bob', type: 'custom', payload: { hello: 'bob' } };
      const { body: receipt } = await through(proxy, 'POST', '/v1/rooms/road/messages', { body, token: alice });
      expect(receipt).toMatchObject({ recipients: [{ participantId: 'bob', listening: true }] });
      const batch = await reader.batch();
      expect(batch.messages).toMatchObject([{ payload: { hello: 'bob' } }]);
      // The echo comes after the acknowledgement was taken.
      reader.acknowledge(batch);
      reader.send({ type: 'probe', data: 'p' });
      expect(await reader.expectFrame('probe')).toMatchObject({ data: 'p' });
      const poll = await through(proxy, 'GET', '/v1/rooms/road/messages?wait=0', { token: bob });
      expect(poll).toMatchObject({ status: 200, body: { messages: [] } });
    });

    test('an upgrade that Holdline refuses gets its problem document', async () => {
      const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
      const path = '/v1/rooms/road/messages/socket';
      const key = { 'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64') };
      expect(await through(proxy, 'GET', path, { headers: { ...headers, ...key } })).toMatchObject({
        status: 400,
        body: { code: 'invalid-request', errors: [{ pointer: '/header/Sec-WebSocket-Protocol' }] },
      });
      expect(await through(proxy, 'GET', path)).toMatchObject({ status: 426, body: { code: 'upgrade-required' } });
    });

    test("the service's own words about an error come through", async () => {
      const token = await joined('large', 'alice');
      const body = { type: 'custom', payload: 'x'.repeat(600_000) };
      const answer = await through(proxy, 'POST', '/v1/rooms/large/messages', { body, token });
      expect(answer).toMatchObject({ status: 413, body: { code: 'too-large' } });
      expect(answer.headers['content-type']).toContain('application/problem+json');
    });

    test('health, metrics and traces cannot be reached', async () => {
      for (const path of ['/metrics', '/readyz', '/trace/room']) {
        expect(await through(proxy, 'GET', path)).toMatchObject({ status: 404 });
      }
    });

    test('the client is known by its own address, and cannot claim another', async () => {
      const path = '/v1/rooms/flood/participants';
      const claims = (index: number) => ({ 'X-Forwarded-For': `198.51.100.${index}`, Forwarded: 'for=198.51.100.7' });
      const status = async (index: number) => (await through(proxy, 'POST', path, { headers: claims(index) })).status;
      // Further rounds run only on a slow machine, on which the allowance recovers meanwhile.
      for (let statuses: number[] = []; !statuses.includes(429);) {
        statuses = await Promise.all(Array.from({ length: JOINS_PER_MINUTE + 1 }, (_, index) => status(index)));
      }
      expect(await through(proxy, 'POST', path, { from: '127.0.0.2' })).not.toMatchObject({ status: 429 });
    });

    /** Resolves when the participant's poll is held, according to the roster. */
    async function listening(room: string, token: string, participantId: string): Promise<void> {
      for (;;) {
        const { body } = await through(proxy, 'GET', `/v1/rooms/${room}/participants`, { token });
        const participants = body.participants as { participantId: string; listening: boolean }[];
        if (participants.some((one) => one.participantId === participantId && one.listening)) return;
      }
    }
  });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}
