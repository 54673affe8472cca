import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JoinResult } from '../../src/wire/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { type Answer, mismatches } from '../support/conformance.ts';
import { Connection, type RawReply } from '../support/connection.ts';
import { closeServices } from '../support/holdline.ts';
import { join, Member } from '../support/member.ts';
import { fuzzedService } from './fuzzed-service.ts';
import { type FuzzedRequest, requests } from './requests.ts';

afterEach(cleanUp);
afterEach(closeServices);

const BUDGET_MS = 9_000;
/** Statuses of requests that reach no operation; no operation needs to document them. */
const OUTSIDE_OPERATIONS = [400, 404, 405, 431];

test('every response to a fuzzed request is documented by its operation, and the service logs no error', async () => {
  const { url, alice, bob, faults } = await fuzzedService();
  const members = [alice, bob];
  for (let more = 0; more < 20; more += 1) members.push(await join(url, 'room'));
  const kinds = new Set<string>();
  let connection = await Connection.open(url);
  const conforms = fc.asyncProperty(requests(members), async (request) => {
    if (connection.socket.destroyed) connection = await Connection.open(url);
    connection.write(bytesOf(request));
    const reply = answerOf(await connection.reply());
    expect({ faults, wrong: violations(request, reply) }).toEqual({ faults: [], wrong: [] });
    kinds.add(`${request.id} ${reply.status}`);
    // New participants replace those that leave.
    if (reply.status === 201 && request.id === 'joinRoom') members.push(new Member(url, reply.body as JoinResult));
    if (reply.headers.connection === 'close') await connection.reset();
  });
  // Fewer kinds of responses would mean that only the first checks were fuzzed. A slow machine needs several runs.
  while (kinds.size <= 20) {
    await fc.assert(conforms, { numRuns: 20_000, interruptAfterTimeLimit: BUDGET_MS, markInterruptAsFailure: false });
  }
  expect((await join(url, 'afterwards')).joined.participants).toHaveLength(1);
});

function bytesOf({ method, path, headers, body }: FuzzedRequest): Buffer {
  const all = { Host: 'holdline.test', ...headers, ...(body && { 'Content-Length': String(body.length) }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, body]);
}

function answerOf({ status, headers, text }: RawReply): Answer {
  const isJson = /^application\/([a-z]+\+)?json\b/.test(headers['content-type'] ?? '');
  return { status, headers, body: isJson ? (JSON.parse(text) as unknown) : text };
}

function violations({ id }: FuzzedRequest, answer: Answer): string[] {
  if (answer.status >= 500 && answer.status !== 503) return [`answered ${answer.status}`];
  const found = mismatches(id, answer);
  const isOutsideOperation =
    OUTSIDE_OPERATIONS.includes(answer.status) && found.every((fault) => fault.includes('does not document'));
  return isOutsideOperation ? [] : found;
}
