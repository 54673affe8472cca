import { afterEach, describe, expect, test } from '@jest/globals';
import { killAll, startServer } from '../support/command.ts';
import { cleanUp } from '../support/clean-up.ts';
import { expectProblem } from '../support/conformance.ts';
import { Connection, type RawReply } from '../support/connection.ts';
import { call, exchange } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';

afterEach(killAll);
afterEach(cleanUp);

const OPERATOR_PATHS = ['/healthz', '/readyz', '/metrics', '/trace/room'];

async function withAdminPort(env: Readonly<Record<string, string>> = {}) {
  const { command, url, adminPort } = await startServer({ env: { ADMIN_PORT: '0', ...env } });
  return { command, url, admin: `http://127.0.0.1:${String(adminPort)}` };
}

async function untilHeld(admin: string, polls: number): Promise<void> {
  for (let held = 0; held < polls;) {
    const { body } = await call(admin, 'getMetrics', {});
    held = Number(/^holdline_held_polls (\d+)$/m.exec(String(body))?.[1]);
  }
}

async function rawAnswer(url: string, bytes: string): Promise<RawReply> {
  const connection = await Connection.open(url);
  connection.write(bytes);
  return connection.reply();
}

describe('with ADMIN_PORT', () => {
  test.each(OPERATOR_PATHS)('the main port has no %s', async (path) => {
    const { url } = await withAdminPort();
    expectProblem(await exchange(url, 'GET', path), 'not-found');
  });

  test('health, readiness, metrics and traces are on the admin port', async () => {
    const { url, admin } = await withAdminPort();
    const { roomId } = await join(url, newRoom(), 'alice');
    for (const id of ['getHealth', 'getReadiness', 'getMetrics', 'traceRoom'] as const) {
      expect(await call(admin, id, { roomId })).toMatchObject({ status: 200 });
    }
  });

  test('the admin port has no joins, and its 404 links to no description', async () => {
    const { admin } = await withAdminPort();
    const answer = await exchange(admin, 'POST', '/v1/rooms/r/participants');
    expectProblem(answer, 'not-found');
    expect(answer.body).toMatchObject({ detail: 'There is nothing at /v1/rooms/r/participants.' });
  });

  test.each(['*', 'https://app.example'])('the admin port sends no CORS headers (CORS_ORIGINS=%s)', async (origins) => {
    const { admin } = await withAdminPort({ CORS_ORIGINS: origins });
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' };
    const answers = [
      await exchange(admin, 'GET', '/metrics', { headers }),
      await exchange(admin, 'OPTIONS', '/metrics', { headers }),
      await exchange(admin, 'GET', '/nowhere', { headers }),
      await rawAnswer(admin, 'GET /metrics HTTP/1.1\r\nOrigin: https://app.example\r\n\r\n'),
      await rawAnswer(admin, 'nonsense\r\n\r\n'),
      await rawAnswer(admin, `GET /${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 405, 404, 400, 400, 431]);
    const corsHeaders = answers
      .flatMap(({ headers }) => Object.keys(headers))
      .filter((name) => /^access-control|^vary/.test(name));
    expect(corsHeaders).toEqual([]);
  });

  test('readiness on the admin port is 503 while the main port drains', async () => {
    const { command, url, admin } = await withAdminPort({ DRAIN_SECONDS: '600' });
    const [alice, bob] = [await join(url, newRoom(), 'alice'), await join(url, newRoom(), 'bob')];
    const first = alice.call('receiveMessages', { query: { wait: 50 } });
    await untilHeld(admin, 1);
    const last = bob.call('receiveMessages', { query: { wait: 50 } });
    await untilHeld(admin, 2);
    command.signal('SIGTERM');
    await command.logged(/^draining/);
    expect(await call(admin, 'getReadiness', {})).toMatchObject({ status: 503, body: { code: 'shutting-down' } });
    expect(await first).toMatchObject({ status: 200 });
    // The main port drains until the other poll, which would be held for minutes, ends.
    await bob.leave();
    expect(await last).toMatchObject({ status: 410 });
    expect((await command.ended).code).toBe(0);
  });
});

test('without ADMIN_PORT, health and metrics are on the main port, and there are no traces', async () => {
  const { url } = await startServer();
  for (const id of ['getHealth', 'getReadiness', 'getMetrics'] as const) {
    expect(await call(url, id, {})).toMatchObject({ status: 200 });
  }
  const { roomId } = await join(url, newRoom(), 'alice');
  expectProblem(await exchange(url, 'GET', `/trace/${roomId}`), 'not-found');
});
