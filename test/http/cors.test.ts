import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { type Answer, expectProblem } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, exchange } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';

const EXPOSED = 'Retry-After,RateLimit,RateLimit-Policy,Idempotency-Replayed,WWW-Authenticate,X-Request-Id';
const PAGE = 'https://app.example.org';
const STRANGER = 'https://evil.example.org';

afterAll(closeServices);

const preflight = (app: Express, path: string, origin: string): Promise<Answer> =>
  exchange(app, 'OPTIONS', path, {
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization, content-type, idempotency-key, x-http-method-override',
    },
  });

function expectPreflight({ status, headers, body }: Answer): void {
  expect([status, body]).toEqual([204, '']);
  expect(headers).toMatchObject({
    'access-control-allow-methods': 'GET,POST,DELETE',
    'access-control-allow-headers': 'Authorization,Content-Type,Idempotency-Key,X-HTTP-Method-Override',
    'access-control-max-age': '7200',
    'cache-control': 'no-store',
    'x-request-id': expect.stringMatching(/./),
    'x-content-type-options': 'nosniff',
  });
  // A 204 has no Content-Length (RFC 9110, section 8.6).
  expect(headers).not.toHaveProperty('content-length');
}

describe('by default, pages of any origin may call', () => {
  let app: Express;
  beforeAll(async () => {
    ({ app } = await createService());
  });

  test.each(['/v1/rooms/r/participants', '/v1/rooms/r/messages/poll', '/v1/rooms/r/participants/p', '/v1/nowhere'])(
    'a preflight allows what the interface needs: %s',
    async (path) => {
      const answer = await preflight(app, path, PAGE);
      expectPreflight(answer);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
    },
  );

  test('successes and refusals expose their headers to the page', async () => {
    const roomId = newRoom();
    const answers = [
      await call(app, 'joinRoom', { roomId }, { headers: { Origin: PAGE } }),
      await call(app, 'listParticipants', { roomId }, { headers: { Origin: PAGE } }),
      await exchange(app, 'GET', '/v1/nowhere', { headers: { Origin: PAGE } }),
      await exchange(app, 'PUT', '/v1/rooms/r/messages', { headers: { Origin: PAGE } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 401, 404, 405]);
    for (const { headers } of answers) {
      expect(headers['access-control-allow-origin']).toBe('*');
      expect(headers['access-control-expose-headers']).toBe(EXPOSED);
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    }
  });

  test('an OPTIONS that is not a preflight is 405', async () => {
    expectProblem(
      await exchange(app, 'OPTIONS', '/v1/rooms/r/messages', { headers: { Origin: PAGE } }),
      'method-not-allowed',
    );
    expectProblem(await exchange(app, 'OPTIONS', '/v1/nowhere'), 'not-found');
  });
});

describe('with CORS_ORIGINS, only pages of the list may call', () => {
  let app: Express;
  beforeAll(async () => {
    ({ app } = await createService({ corsOrigins: [PAGE, 'http://localhost:5173'] }));
  });

  test.each([PAGE, 'http://localhost:5173'])('%s is allowed', async (origin) => {
    const answers = [
      await preflight(app, '/v1/rooms/r/messages', origin),
      await call(app, 'joinRoom', { roomId: newRoom() }, { headers: { Origin: origin } }),
      await call(app, 'listParticipants', { roomId: 'r' }, { headers: { Origin: origin } }),
      await exchange(app, 'GET', '/v1/nowhere', { headers: { Origin: origin } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([204, 201, 401, 404]);
    for (const { headers } of answers) {
      expect(headers['access-control-allow-origin']).toBe(origin);
      expect(headers.vary).toBe('Origin');
      expect(headers['access-control-expose-headers']).toBe(EXPOSED);
    }
  });

  test('another origin is not allowed, and the response varies by origin', async () => {
    const answers = [
      await preflight(app, '/v1/rooms/r/messages', STRANGER),
      await call(app, 'joinRoom', { roomId: newRoom() }, { headers: { Origin: STRANGER } }),
    ];
    for (const { headers } of answers) {
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(headers.vary).toBe('Origin');
    }
  });

  test('a preflight and a plain OPTIONS are answered as without the list', async () => {
    expectPreflight(await preflight(app, '/v1/rooms/r/messages', PAGE));
    expectProblem(
      await exchange(app, 'OPTIONS', '/v1/rooms/r/messages', { headers: { Origin: PAGE } }),
      'method-not-allowed',
    );
  });

  test('clients without an origin are served', async () => {
    const alice = await join(app, newRoom(), 'alice');
    expect(await alice.roster()).toHaveLength(1);
  });
});
