import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { ProblemCode } from '../../src/wire/index.ts';
import { expectProblem } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, exchange, pointersOf, problemOf, type Sent } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const MAX_MESSAGE_BYTES = 512;
const USED_KEY = 'used-before';

let app: Express;
let alice: Member;
beforeAll(async () => {
  ({ app } = await createService({ maxMessageBytes: MAX_MESSAGE_BYTES, maxMailboxMessages: 1 }));
  alice = await join(app, newRoom(), 'alice');
  for (const id of ['bob', 'full']) await join(app, alice.roomId, id);
  await alice.send({ to: 'full', type: 'invite' });
});
afterAll(closeServices);

/** A valid request, which the faults change. */
interface Draft {
  method: string;
  path: string;
  token: string | undefined;
  headers: Record<string, string>;
  message: Record<string, unknown>;
  padding: number;
  cut: number;
}

/** All faults, in the order in which the contract checks them. */
const FAULTS: [step: string, code: ProblemCode, spoil: (draft: Draft) => void][] = [
  ['route', 'not-found', (draft) => (draft.path = draft.path.replace('/messages', '/massages'))],
  ['method', 'method-not-allowed', (draft) => (draft.method = 'PUT')],
  ['path', 'invalid-request', (draft) => (draft.path = draft.path.replace('/rooms/', '/rooms/not.an.id.'))],
  ['query', 'invalid-request', (draft) => (draft.path += '?wait=1')],
  ['credential', 'unauthenticated', (draft) => (draft.token = undefined)],
  ['media type', 'unsupported-media-type', (draft) => (draft.headers['Content-Type'] = 'text/plain')],
  ['size', 'too-large', (draft) => (draft.padding = MAX_MESSAGE_BYTES)],
  ['JSON', 'invalid-json', (draft) => (draft.cut = 1)],
  ['fields', 'invalid-request', (draft) => (draft.message.callId = '')],
  ['idempotency key', 'idempotency-key-reused', (draft) => (draft.headers['Idempotency-Key'] = USED_KEY)],
  ['recipient', 'recipient-not-found', (draft) => (draft.message.to = 'nobody')],
];

async function sendSpoilt(...spoils: ((draft: Draft) => void)[]) {
  const draft: Draft = {
    method: 'POST',
    path: `/v1/rooms/${alice.roomId}/messages`,
    token: alice.token,
    headers: { 'Idempotency-Key': randomUUID() },
    message: { to: 'bob', type: 'ringing' },
    padding: 0,
    cut: 0,
  };
  for (const spoil of spoils) spoil(draft);
  const { method, path, token, headers, message, padding, cut } = draft;
  const text = `${JSON.stringify(message).slice(0, -1 - cut)}${cut === 0 ? '}' : ''}${' '.repeat(padding)}`;
  return exchange(app, method, path, { headers, text, ...(token !== undefined && { token }) });
}

const pairs = FAULTS.flatMap(([earlier, code, spoil], index) =>
  FAULTS.slice(index + 1).map(([later, , spoilLater]) => ({ earlier, later, code, spoils: [spoil, spoilLater] })),
);

describe('of two faults, the one that is checked first is reported', () => {
  beforeAll(async () => {
    await alice.send({ type: 'custom', payload: 'the first body under this key' }, { 'Idempotency-Key': USED_KEY });
  });

  test.each(FAULTS)('%s alone is %s', async (_, code, spoil) => {
    expectProblem(await sendSpoilt(spoil), code);
  });

  test.each(pairs)('$earlier before $later', async ({ code, spoils }) => {
    expectProblem(await sendSpoilt(...spoils), code);
  });

  test('a request with every fault is 404', async () => {
    expectProblem(await sendSpoilt(...FAULTS.map(([, , spoil]) => spoil)), 'not-found');
  });
});

describe('the rest of the order', () => {
  test('faults of path and query are reported together', async () => {
    const { errors } = problemOf(
      await exchange(app, 'GET', '/v1/rooms/not.an.id/messages?wait=x&limit=0&y=1'),
      'invalid-request',
    );
    expect(errors?.map(({ pointer }) => pointer)).toEqual(['/path/roomId', '/query/wait', '/query/limit', '/query/y']);
  });

  test('a refused method override is checked after the route and before the path', async () => {
    const headers = { 'X-HTTP-Method-Override': 'PATCH' };
    expectProblem(await exchange(app, 'POST', '/v1/nowhere', { headers }), 'not-found');
    const { errors } = problemOf(await exchange(app, 'POST', '/v1/rooms/a.b/messages', { headers }), 'invalid-request');
    expect(errors?.map(({ pointer }) => pointer)).toEqual(['/header/X-HTTP-Method-Override']);
  });

  test('the credential of leaveRoomByPost is checked before its body', async () => {
    const leave = (sent: Sent, participantId = 'alice') =>
      call(app, 'leaveRoomByPost', { roomId: alice.roomId, participantId }, { body: { reason: 'left' }, ...sent });
    problemOf(await leave({}), 'unauthenticated');
    problemOf(await leave({ token: alice.token }, 'bob'), 'forbidden');
    expect(pointersOf(await leave({ token: alice.token }))).toEqual(['/body/reason']);
  });

  test('a malformed idempotency key is reported together with faults of the fields', async () => {
    const answer = await alice.call('sendMessage', { body: { type: 'x' }, headers: { 'Idempotency-Key': 'a b' } });
    expect(problemOf(answer, 'invalid-request').errors?.map(({ pointer }) => pointer)).toEqual([
      '/body/type',
      '/header/Idempotency-Key',
    ]);
  });

  test('a malformed idempotency key is reported together with a message to its own sender', async () => {
    const sent = { body: { to: 'alice', type: 'invite' }, headers: { 'Idempotency-Key': 'a b' } };
    expect(pointersOf(await alice.call('sendMessage', sent))).toEqual(['/body/to', '/header/Idempotency-Key']);
  });

  test('a message to its own sender is a fault of the fields, checked before the idempotency key', async () => {
    const headers = { 'Idempotency-Key': USED_KEY };
    const answer = await alice.call('sendMessage', { body: { to: 'alice', type: 'invite' }, headers });
    expect(problemOf(answer, 'invalid-request').errors).toMatchObject([{ pointer: '/body/to' }]);
  });

  test('an unknown recipient is checked before a full mailbox, whatever their order in the batch', async () => {
    const full = { to: 'full', type: 'invite' };
    const unknown = { to: 'nobody', type: 'invite' };
    for (const [messages, index] of [
      [[full, unknown], 1],
      [[unknown, full], 0],
    ] as const) {
      const answer = await alice.call('sendMessages', { body: { messages } });
      const { errors } = problemOf(answer, 'recipient-not-found');
      expect(errors).toMatchObject([{ pointer: `/body/messages/${index}` }]);
    }
    problemOf(await alice.call('sendMessages', { body: { messages: [full] } }), 'mailbox-full');
  });
});
