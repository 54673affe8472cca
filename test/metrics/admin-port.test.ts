import { afterEach, describe, expect, test } from '@jest/globals';
import { killAll, startServer } from '../cli/command.ts';
import { expectProblem } from '../support/conformance.ts';
import { call, exchange } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';

afterEach(killAll);

const OPERATORS = ['/healthz', '/readyz', '/metrics', '/trace/room'];

async function withAdminPort() {
  const { command, url } = await startServer({ env: { ADMIN_PORT: '0' } });
  const { adminPort } = await command.logged(/^listening/);
  return { command, url, admin: `http://127.0.0.1:${String(adminPort)}` };
}

describe('with ADMIN_PORT', () => {
  test.each(OPERATORS)('the main port knows no %s', async (path) => {
    const { url } = await withAdminPort();
    expectProblem(await exchange(url, 'GET', path), 'not-found');
  });

  test('health, readiness, metrics and traces are there', async () => {
    const { url, admin } = await withAdminPort();
    const { roomId } = await join(url, newRoom(), 'alice');
    for (const id of ['getHealth', 'getReadiness', 'getMetrics', 'traceRoom'] as const) {
      expect(await call(admin, id, { roomId })).toMatchObject({ status: 200 });
    }
  });

  test('nobody joins there, and no page of any origin may read there', async () => {
    const { admin } = await withAdminPort();
    expectProblem(await exchange(admin, 'POST', '/v1/rooms/r/participants'), 'not-found');
    const answer = await exchange(admin, 'GET', '/metrics', { headers: { Origin: 'https://evil.example' } });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('readiness is red there while the main port drains', async () => {
    const { command, url, admin } = await withAdminPort();
    const alice = await join(url, newRoom(), 'alice');
    const held = alice.call('receiveMessages', { query: { wait: 20 } });
    for (let polls = 0; polls === 0;) {
      const { body } = await call(admin, 'getMetrics', {});
      polls = Number(/^holdline_held_polls (\d+)$/m.exec(String(body))?.[1]);
    }
    command.signal('SIGTERM');
    await command.logged(/^draining/);
    expect(await call(admin, 'getReadiness', {})).toMatchObject({ status: 503, body: { code: 'shutting-down' } });
    expect(await held).toMatchObject({ status: 200 });
    expect((await command.ended).code).toBe(0);
  });
});

test('without ADMIN_PORT health and metrics are on the main port, and traces nowhere', async () => {
  const { url } = await startServer();
  for (const id of ['getHealth', 'getReadiness', 'getMetrics'] as const) {
    expect(await call(url, id, {})).toMatchObject({ status: 200 });
  }
  const { roomId } = await join(url, newRoom(), 'alice');
  expectProblem(await exchange(url, 'GET', `/trace/${roomId}`), 'not-found');
});
