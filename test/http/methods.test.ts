import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { operationRows } from '../../src/http/operations/index.ts';
import { expectProblem } from '../support/conformance.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { call, exchange, pointersOf } from '../support/http.ts';
import { join, LEAVING, type Member, newRoom } from '../support/member.ts';

let server: ListeningService;
let alice: Member;
beforeAll(async () => {
  server = await startService({ rateLimit: 'off' });
  alice = await join(server.url, newRoom(), 'alice');
});
afterAll(closeServices);

const served = operationRows().filter(([, { audience }]) => audience !== 'admin-port');
const paths = [...Map.groupBy(served, ([, { path }]) => path)].map(([path, rows]) => ({
  path: path.replaceAll(/\{\w+\}/g, 'x'),
  allow: rows.map(([, { method }]) => method),
}));

describe('a path accepts only its documented methods', () => {
  test.each(paths)('$path has $allow', async ({ path, allow }) => {
    const others = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE'].filter(
      (method) => !allow.includes(method as 'GET'),
    );
    for (const method of others) {
      const answer = await exchange(server.url, method, path);
      expectProblem(answer, 'method-not-allowed');
      expect(answer.headers.allow?.split(', ').sort()).toEqual([...allow].sort());
    }
  });

  test.each(['/v1/rooms/r/messages', '/v1/rooms/r/messages/poll'])(
    'HEAD on a poll is refused and not held: %s',
    async (path) => {
      const { status, headers, body } = await exchange(server.url, 'HEAD', path, { token: alice.token });
      expect([status, body]).toEqual([405, '']);
      expect(headers.allow).toBeDefined();
    },
  );

  test('HEAD elsewhere is a GET without its body', async () => {
    const path = `/v1/rooms/${alice.roomId}/participants`;
    const { status, body } = await exchange(server.url, 'HEAD', path, { token: alice.token });
    expect([status, body]).toEqual([200, '']);
  });
});

describe('X-HTTP-Method-Override', () => {
  const room = () => `/v1/rooms/${alice.roomId}`;
  const override = (value: string) => ({ token: alice.token, headers: { 'X-HTTP-Method-Override': value } });

  test.each(['DELETE', 'delete', 'Delete'])('makes a POST a DELETE: %s', async (value) => {
    const guest = await join(server.url, alice.roomId, 'guest');
    expect((await guest.leaveBy('POST', override(value).headers)).status).toBe(204);
    expect(await alice.roster()).toHaveLength(1);
  });

  test('does not change a DELETE', async () => {
    const guest = await join(server.url, alice.roomId, 'guest');
    expect((await guest.leaveBy('DELETE', override('DELETE').headers)).status).toBe(204);
  });

  test('reaches the DELETE of a path and no other operation', async () => {
    for (const path of ['messages', 'participants/alice/leave'])
      expectProblem(await exchange(server.url, 'POST', `${room()}/${path}`, override('DELETE')), 'method-not-allowed');
    expectProblem(await exchange(server.url, 'POST', '/v1/nowhere', override('DELETE')), 'not-found');
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'HEAD', '', ' ', 'NONE', 'DELETE, DELETE', 'DELETED', '__proto__'])(
    'with any other value is refused: %j',
    async (value) => {
      const answer = await exchange(server.url, 'POST', `${room()}/messages`, override(value));
      expect(pointersOf(answer)).toEqual(['/header/X-HTTP-Method-Override']);
    },
  );

  test('is refused on any method but POST', async () => {
    const answer = await exchange(server.url, 'GET', `${room()}/participants`, override('DELETE'));
    expect(pointersOf(answer)).toEqual(['/header/X-HTTP-Method-Override']);
  });
});

describe('only documented paths exist', () => {
  test.each([
    '/v1',
    '/v1/',
    '/v1/rooms/r/other',
    '/v1/rooms//participants',
    '/v1/rooms/r/participants/a/b',
    '//v1/rooms/r/participants',
    '/V1/rooms/r/participants',
    '/v1/Rooms/r/participants',
    '/v2/rooms/r/participants',
    '/v1/rooms/r/participants/../participants',
    '/v1/rooms/r/messages/other',
    '/problems',
    '/index.html',
    '/favicon.ico',
    '/.env',
    '/v1%2Frooms/r/participants',
  ])('%s is 404', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      expectProblem(await exchange(server.url, method, path), 'not-found');
    }
  });

  test('a trailing slash is ignored', async () => {
    const answer = await exchange(server.url, 'GET', `/v1/rooms/${alice.roomId}/participants/`, { token: alice.token });
    expect(answer.body).toMatchObject({ participants: [{ participantId: 'alice' }] });
  });

  test('an id may be percent-encoded', async () => {
    const encoded = Buffer.from(alice.roomId).toString('hex').replaceAll(/../g, '%$&');
    const answer = await exchange(server.url, 'GET', `/v1/rooms/${encoded}/participants`, { token: alice.token });
    expect(answer.body).toMatchObject({ participants: [{ participantId: 'alice' }] });
  });

  const outside = ['a.b', 'a b', 'a/b', 'ä', '\0', '..', '\u{1F600}', 'a\n', '%', '*', '<script>'].map((id) => [
    id,
    id,
  ]);
  test.each([['65 characters', 'a'.repeat(65)], ['a very long one', 'a'.repeat(5_000)], ...outside] as [
    string,
    string,
  ][])('an id outside its pattern is a fault of the path: %j', async (_, id) => {
    for (const operationId of ['joinRoom', 'listParticipants', 'receiveMessages'] as const) {
      expect(pointersOf(await call(server.url, operationId, { roomId: id }))).toEqual(['/path/roomId']);
    }
    for (const leaving of LEAVING) {
      const both = await call(server.url, leaving, { roomId: id, participantId: id });
      expect(pointersOf(both)).toEqual(['/path/roomId', '/path/participantId']);
    }
  });

  test.each(['%', '%zz', '%c3', '%ff%fe', '%ed%a0%80'])(
    'an invalid percent-encoding is a fault of the path: %s',
    async (id) => {
      const answer = await exchange(server.url, 'GET', `/v1/rooms/${id}/participants`);
      expectProblem(answer, 'invalid-request');
      expect(pointersOf(answer)).toEqual(['/path']);
    },
  );

  test('unknown query parameters are refused', async () => {
    const bare = served.filter(([, { path, query }]) => path.startsWith('/v1/') && query === undefined);
    for (const [id, { method, path }] of bare) {
      const answer = await exchange(server.url, method, `${path.replaceAll(/\{\w+\}/g, 'x')}?wait=1&x=1`);
      expect([id, pointersOf(answer)]).toEqual([id, ['/query/wait', '/query/x']]);
    }
  });
});
