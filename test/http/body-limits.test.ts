import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { OperationId } from '../../src/http/operations/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { type Answer, answerOf, expectConforms } from '../support/conformance.ts';
import { Connection } from '../support/connection.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const MAX_MESSAGE_BYTES = 1_000;
const MAX_BODY_BYTES = 8 * MAX_MESSAGE_BYTES;
const MAX_POLL_BYTES = 4_096;

let server: ListeningService;
let alice: Member;
beforeAll(async () => {
  server = await startService({ maxMessageBytes: MAX_MESSAGE_BYTES, rateLimit: 'off' });
  alice = await join(server.url, newRoom(), 'alice');
});
afterEach(cleanUp);
afterAll(closeServices);

/** A message whose JSON has the given size in bytes. */
function messageOf(bytes: number, character = 'x'): { type: string; payload: string } {
  const message = { type: 'custom', payload: '' };
  const missing = bytes - Buffer.byteLength(JSON.stringify(message));
  return { ...message, payload: character.repeat(missing / Buffer.byteLength(character)) };
}

const BODIES: [OperationId, object, number][] = [
  ['sendMessages', { messages: [{ type: 'ringing' }] }, MAX_BODY_BYTES],
  ['joinRoom', {}, 16_384],
  ['pollMessages', { wait: 0 }, MAX_POLL_BYTES],
  ['acknowledgeMessages', { cursor: '' }, 4_096],
];

describe('one message', () => {
  test.each(['x', 'é', '\u{1F600}'])('may have MAX_MESSAGE_BYTES, counted in bytes: %s', async (character) => {
    const bytes = Buffer.byteLength(JSON.stringify(messageOf(MAX_MESSAGE_BYTES, character)));
    const text = JSON.stringify(messageOf(MAX_MESSAGE_BYTES, character)) + ' '.repeat(MAX_MESSAGE_BYTES - bytes);
    expect((await alice.call('sendMessage', { text })).status).toBe(201);
    const { detail } = problemOf(await alice.call('sendMessage', { text: `${text} ` }), 'too-large');
    expect(detail).toBe('The body has 1001 bytes; at most 1000 are allowed.');
  });

  test('inside a batch has the same limit, and each one above it is reported', async () => {
    const [fits, large] = [messageOf(MAX_MESSAGE_BYTES), messageOf(MAX_MESSAGE_BYTES + 1)];
    expect((await alice.call('sendMessages', { body: { messages: [fits, fits] } })).status).toBe(201);
    const refused = await alice.call('sendMessages', { body: { messages: [fits, large, fits, large] } });
    const fault = 'must be at most 1000 bytes of JSON, not 1001';
    expect(problemOf(refused, 'too-large')).toMatchObject({
      detail: `/body/messages/1 ${fault}.`,
      errors: [
        { pointer: '/body/messages/1', detail: fault },
        { pointer: '/body/messages/3', detail: fault },
      ],
    });
  });
});

describe('a body of several messages or of none', () => {
  test.each(BODIES)('has a limit of its own: %s', async (id, body, maxBytes) => {
    const text = JSON.stringify(body).padEnd(maxBytes);
    problemOf(await alice.call(id, { text: `${text} ` }), 'too-large');
    expect((await alice.call(id, { text })).status).not.toBe(413);
  });

  test('of leaveRoomByPost has a limit of its own, too', async () => {
    const guest = await join(server.url, alice.roomId, 'guest');
    problemOf(await guest.call('leaveRoomByPost', { text: '{}'.padEnd(4_097) }), 'too-large');
    expect((await guest.call('leaveRoomByPost', { text: '{}'.padEnd(4_096) })).status).toBe(204);
  });

  test('is checked before it is parsed', async () => {
    problemOf(await alice.call('sendMessages', { text: '{'.repeat(MAX_BODY_BYTES + 1) }), 'too-large');
    problemOf(await alice.call('sendMessages', { text: '{'.repeat(MAX_BODY_BYTES) }), 'invalid-request');
  });
});

describe('on a raw connection', () => {
  const pollHead = (more: string): string =>
    `POST /v1/rooms/${alice.roomId}/messages/poll HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${alice.token}\r\n${more}\r\n`;
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const CHUNKED = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n';

  async function answerTo(...writes: string[]): Promise<{ answer: Answer; connection: Connection }> {
    const connection = await Connection.open(server.url);
    for (const text of writes) connection.write(text);
    const answer = answerOf(await connection.reply());
    expectConforms('pollMessages', answer);
    return { answer, connection };
  }

  test('a chunked body is counted as it arrives', async () => {
    const fits = '{"wait":0}'.padEnd(MAX_POLL_BYTES);
    const { answer } = await answerTo(pollHead(CHUNKED), chunk(fits.slice(0, 9)), chunk(fits.slice(9)), chunk(''));
    expect(answer.status).toBe(200);
    const refused = await answerTo(pollHead(CHUNKED), chunk(fits), chunk(' '), chunk(''));
    const detail = 'The body has more than 4096 bytes; at most 4096 are allowed.';
    expect(problemOf(refused.answer, 'too-large').detail).toBe(detail);
  });

  test('a chunked body that never ends is refused while it is still arriving', async () => {
    const { answer, connection } = await answerTo(pollHead(CHUNKED), chunk(' '.repeat(MAX_POLL_BYTES + 1)));
    problemOf(answer, 'too-large');
    connection.write(chunk(' '.repeat(100_000)) + chunk(''));
    connection.request('GET', '/healthz');
    expect((await connection.reply()).status).toBe(200);
  });

  test('a length that is too large is refused without the body', async () => {
    const { answer } = await answerTo(pollHead('Content-Type: application/json\r\nContent-Length: 9999999\r\n'));
    problemOf(answer, 'too-large');
  });

  test('a chunked body of no bytes is absent', async () => {
    const { answer } = await answerTo(pollHead(CHUNKED), chunk(''));
    expect(answer.status).toBe(200);
  });

  test('a body without a type is refused', async () => {
    const { answer } = await answerTo(`${pollHead('Content-Length: 2\r\n')}{}`);
    problemOf(answer, 'unsupported-media-type');
  });
});
