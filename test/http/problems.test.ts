import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLog } from '../../src/log.ts';
import { SignallingError } from '../../src/signalling/errors.ts';
import { PROBLEM_CODES, type ProblemCode } from '../../src/wire/index.ts';
import { type Answer, expectProblem } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { call, exchange, problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const CODES = Object.keys(PROBLEM_CODES) as ProblemCode[];
const RETRYABLE: ProblemCode[] = [
  'rate-limited',
  'mailbox-full',
  'too-many-polls',
  'internal',
  'shutting-down',
  'storage-unavailable',
];
const STATUS_WITH_RETRY_AFTER = [429, 503];

const log = createLog('silent');

let service: Service;
let alice: Member;
beforeAll(async () => {
  const settings = { maxParticipantsPerRoom: 2, maxMailboxMessages: 1, maxHeldPolls: 1, maxMessageBytes: 1_000 };
  service = await createService(settings, { log });
});
beforeEach(async () => {
  alice = await join(service.app, newRoom(), 'alice');
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(closeServices);

const send = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  alice.call('sendMessage', { body, headers });
const invite = { type: 'invite' };

/** A request for each code. `rate-limited` and `shutting-down` have tests of their own. */
const ways: Record<Exclude<ProblemCode, 'rate-limited' | 'shutting-down'>, () => Promise<Answer>> = {
  'invalid-request': () => send({}),
  'invalid-json': () => alice.call('sendMessage', { text: '{' }),
  'invalid-cursor': () => alice.call('acknowledgeMessages', { body: { cursor: '' } }),
  unauthenticated: () => alice.call('sendMessage', { token: '' }),
  forbidden: () => call(service.app, 'getIceServers', { roomId: newRoom() }, { token: alice.token }),
  'not-found': () => call(service.app, 'getProblemPage', { code: 'nothing' }),
  'recipient-not-found': () => send({ ...invite, to: 'bob' }),
  'method-not-allowed': () => exchange(service.app, 'PATCH', '/v1/rooms/r/participants'),
  'participant-exists': () =>
    call(service.app, 'joinRoom', { roomId: alice.roomId }, { body: { participantId: 'alice' } }),
  'room-full': async () => {
    await join(service.app, alice.roomId);
    return call(service.app, 'joinRoom', { roomId: alice.roomId });
  },
  'upgrade-required': () => exchange(service.app, 'GET', '/v1/rooms/r/messages/socket'),
  'poll-superseded': async () => {
    const { ended } = await service.hold('alice', () => alice.call('receiveMessages'));
    await alice.poll();
    return ended;
  },
  'participant-gone': async () => {
    await alice.leave();
    return alice.call('listParticipants');
  },
  'cursor-expired': async () => {
    const { cursor } = (await join(service.app, newRoom())).joined;
    return alice.call('receiveMessages', { query: { after: cursor } });
  },
  'too-large': () => send({ type: 'custom', payload: 'x'.repeat(1_000) }),
  'unsupported-media-type': () => send(invite, { 'Content-Type': 'text/plain' }),
  'idempotency-key-reused': async () => {
    const key = { 'Idempotency-Key': randomUUID() };
    await send(invite, key);
    return send({ type: 'hangup' }, key);
  },
  'mailbox-full': async () => {
    await join(service.app, alice.roomId, 'bob');
    await send(invite);
    return send(invite);
  },
  'too-many-polls': async () => {
    await service.hold('alice', () => alice.call('receiveMessages'));
    const refused = await (await join(service.app, newRoom())).call('receiveMessages');
    await alice.leave();
    return refused;
  },
  internal: () => {
    jest.spyOn(service.store, 'participants').mockRejectedValue(new Error('SQLITE_CORRUPT: /var/lib/secret.db'));
    return alice.call('listParticipants');
  },
  // full-store.test.ts tests this with a store that is really full.
  'storage-unavailable': () => {
    const unavailable = new SignallingError('storage-unavailable', 'The store cannot commit now.');
    jest.spyOn(service.store, 'append').mockRejectedValue(unavailable);
    return alice.call('sendMessage', { body: invite });
  },
};

describe('every code', () => {
  test.each(Object.entries(ways))('%s has its status, headers and problem type', async (code, reach) => {
    const answer = await reach();
    expectProblem(answer, code as ProblemCode);
    const { type, retryable, detail, status } = problemOf(answer, code as ProblemCode);
    expect([type, retryable]).toEqual([`/problems/${code}`, RETRYABLE.includes(code as ProblemCode)]);
    expect(detail).not.toBe('');
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    const retryAfter = STATUS_WITH_RETRY_AFTER.includes(status) ? expect.stringMatching(/^[1-9]\d*$/) : undefined;
    expect(answer.headers['retry-after']).toEqual(retryAfter);
    expect(answer.headers.allow).toBe(status === 405 ? 'POST, GET' : undefined);
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer realm="holdline"' : undefined);
  });

  test.each(CODES)('%s has a page for people', async (code) => {
    const { status, headers, body } = await call(service.app, 'getProblemPage', { code });
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const { title, status: ofCode, retryable } = PROBLEM_CODES[code];
    expect(body).toContain(`<title>${code} (${ofCode})</title>`);
    expect(body).toContain(`<h1>${title}</h1>`);
    expect(body).toContain(retryable ? 'may succeed later' : 'will not succeed later');
    expect(body).not.toMatch(/<script|undefined|\[object/);
  });

  test.each(['nothing', 'constructor', '__proto__', 'Internal', 'internal.html', '<script>'])(
    '%s has no page',
    async (code) => {
      problemOf(await call(service.app, 'getProblemPage', { code }), 'not-found');
    },
  );
});

describe('an unexpected error of the server', () => {
  const watchLog = () => jest.spyOn(log, 'error').mockImplementation(() => undefined);

  test('reveals nothing in the response, and is logged in full under the request id', async () => {
    const logged = watchLog();
    jest.spyOn(service.store, 'participants').mockRejectedValue(new Error('SQLITE_CORRUPT: /var/lib/secret.db'));
    const answer = await alice.call('listParticipants', { headers: { 'X-Request-Id': 'request-7' } });
    expect(JSON.stringify(problemOf(answer, 'internal'))).not.toMatch(/SQLITE|secret|\.ts/);
    expect(logged).toHaveBeenCalledWith(
      expect.objectContaining({
        requestId: 'request-7',
        err: expect.objectContaining({ message: expect.stringContaining('SQLITE_CORRUPT') }),
      }),
      expect.any(String),
    );
  });

  test('does not affect other requests', async () => {
    jest.spyOn(service.store, 'append').mockImplementationOnce(() => {
      throw new TypeError('a bug');
    });
    const [failed, fine] = await Promise.all([send(invite), alice.call('listParticipants')]);
    problemOf(failed, 'internal');
    expect(fine.status).toBe(200);
    expect((await send(invite)).status).toBe(201);
  });

  test('is not logged when the fault is the client’s', async () => {
    const logged = watchLog();
    await send({});
    await exchange(service.app, 'GET', '/nowhere');
    await exchange(service.app, 'GET', '/v1/rooms/%zz/participants');
    expect(logged).not.toHaveBeenCalled();
  });
});
