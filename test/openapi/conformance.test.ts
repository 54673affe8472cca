import { describe, expect, test } from '@jest/globals';
import { OPERATIONS } from '../../src/http/operations/index.ts';
import { PROBLEM_CODES, type ProblemCode } from '../../src/wire/index.ts';
import {
  type Answer,
  answerOf,
  expectConforms,
  expectProblem,
  mismatches,
  readAnswer,
} from '../support/conformance.ts';
import { LEAVING } from '../support/member.ts';

const ENVELOPE = { 'cache-control': 'no-store', 'x-request-id': 'request-1' };
const { example } = OPERATIONS.sendMessage.success;

function reply(body: unknown = example, headers: Record<string, string> = {}): Answer {
  const json = { 'content-type': 'application/json; charset=utf-8', 'content-length': '2' };
  return { status: 201, headers: { ...ENVELOPE, ...json, ...headers }, body };
}

function refusal(code: ProblemCode, fields: object = {}, headers: Record<string, string> = {}): Answer {
  const { status, title, retryable } = PROBLEM_CODES[code];
  const known = { type: `/problems/${code}`, title, status, detail: 'x', code, retryable, requestId: 'request-1' };
  return {
    status,
    headers: { ...ENVELOPE, 'content-type': 'application/problem+json', 'content-length': '2', ...headers },
    body: { ...known, ...fields },
  };
}

describe('an answer conforms', () => {
  test('when it matches the document', () => {
    expectConforms('sendMessage', reply());
    expectConforms('sendMessage', reply(example, { 'idempotency-replayed': 'true' }));
    for (const id of LEAVING) expectConforms(id, { status: 204, headers: ENVELOPE, body: '' });
    expectConforms('sendMessage', refusal('recipient-not-found'));
    expectConforms('sendMessage', refusal('mailbox-full', {}, { 'retry-after': '1' }));
    expectConforms(
      'joinRoom',
      refusal('unauthenticated', { type: '/mounted/problems/unauthenticated' }, { 'www-authenticate': 'Bearer' }),
    );
  });

  test('outside any operation, when it is a problem of that code', () => {
    expectProblem(refusal('not-found'), 'not-found');
    expect(() => expectProblem(refusal('not-found'), 'forbidden')).toThrow(/code is not-found/);
  });
});

describe('an answer does not conform', () => {
  test.each<[string, Answer, RegExp]>([
    ['with a field that is not documented', reply({ ...example, extra: 1 }), /additional properties.*extra/],
    [
      'with one further inside',
      reply({ ...example, recipients: [{ participantId: 'b', listening: true, x: 1 }] }),
      /recipients\/0/,
    ],
    ['with a field missing', reply({ id: example.id, sentAt: example.sentAt }), /recipients/],
    ['with a time that is none', reply({ ...example, sentAt: 'now' }), /sentAt.*date-time/],
    ['with a status that is not documented', { ...reply(), status: 202 }, /202/],
    ['with a code that is not documented', refusal('room-full'), /409/],
    [
      'with another code of a documented status',
      refusal('too-many-polls', {}, { 'retry-after': '1' }),
      /code too-many-polls/,
    ],
    ['with the status of another code', { ...refusal('mailbox-full'), status: 400 }, /mailbox-full has 429/],
    ['without a header that is required', refusal('mailbox-full'), /retry-after is missing/],
    ['with a header in the wrong form', refusal('mailbox-full', {}, { 'retry-after': 'soon' }), /not a integer/],
    ['with a header that is not documented', reply(example, { 'retry-after': '1' }), /retry-after is not documented/],
    ['with another media type', reply(example, { 'content-type': 'text/plain' }), /media type/],
    ['when caches may keep it', reply(example, { 'cache-control': 'private' }), /cache-control/],
    ['when it is chunked', reply(example, { 'transfer-encoding': 'chunked' }), /transfer-encoding/],
    ['when it is conditional', reply(example, { etag: '"1"' }), /etag/],
    ['when its request is another one', refusal('forbidden', { requestId: 'other' }), /requestId/],
    ['when it claims that a retry helps', refusal('forbidden', { retryable: true }), /retryable/],
    [
      'with a pointer to nowhere',
      refusal('invalid-request', { errors: [{ pointer: '/type', detail: 'x' }] }),
      /pointer/,
    ],
  ])('%s', (_, answer, why) => {
    expect(mismatches('sendMessage', answer).join('\n')).toMatch(why);
    expect(() => expectConforms('sendMessage', answer)).toThrow();
  });

  test('when a 204 has a body', () => {
    expect(mismatches('leaveRoom', { status: 204, headers: ENVELOPE, body: 'x' })).toContain('a 204 has a body');
  });
});

test('answers are read from supertest and from fetch', async () => {
  const headers = { 'content-type': 'application/problem+json' };
  const expected = { status: 404, headers, body: { code: 'not-found' } };
  expect(answerOf({ status: 404, headers, text: '{"code":"not-found"}' })).toEqual(expected);
  expect(await readAnswer(new Response('{"code":"not-found"}', { status: 404, headers }))).toEqual(expected);
});
