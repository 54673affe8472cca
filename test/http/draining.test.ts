import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OperationId } from '../../src/http/operations/index.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { call, exchange, problemOf } from '../support/http.ts';
import { join, LEAVING, type Member, newRoom } from '../support/member.ts';

const DRAIN_SECONDS = 5;
/** The interval between the ends of three polls: a third of 80 % of the drain time, rounded up to 50 ms. */
const SHARE_MS = 1_350;
/** Requests ask for keep-alive, so that a `Connection: close` is the decision of the server. */
const KEEP_ALIVE = { Connection: 'keep-alive' };

let clock: TestClock;
let server: ListeningService;
let first: Polling;
let second: Polling;
let third: Polling;
let closed: Promise<void>;
let isClosed: boolean;

interface Polling {
  readonly member: Member;
  readonly poll: { readonly ended: Promise<Answer> };
}

/** Three polls are held when the drain begins: the first ends at once, the others when the clock advances. */
beforeEach(async () => {
  clock = new TestClock();
  server = await startService({ drainSeconds: DRAIN_SECONDS, rateLimit: 'off' }, { clock });
  const roomId = newRoom();
  const members = [await join(server.url, roomId), await join(server.url, roomId), await join(server.url, roomId)];
  const polling: Polling[] = [];
  for (const member of members) polling.push(await startPolling(member));
  [first, second, third] = polling as [Polling, Polling, Polling];
  isClosed = false;
  closed = server.service.holdline.close().then(() => void (isClosed = true));
});
afterEach(async () => {
  await clock.advance(DRAIN_SECONDS * 1_000);
  await closeServices();
});

async function startPolling(member: Member): Promise<Polling> {
  const sent = { query: { wait: 50, after: (await member.poll()).cursor }, headers: KEEP_ALIVE };
  return { member, poll: await server.service.hold(member.id, () => member.call('receiveMessages', sent)) };
}

const EMPTY = { messages: [], more: false, expired: 0 };

test('an idle connection is kept until KEEP_ALIVE_SECONDS are over', async () => {
  const other = await startService();
  expect((await call(other.url, 'getHealth', {}, { headers: KEEP_ALIVE })).headers.connection).toBe('keep-alive');
});

describe('while the server drains', () => {
  test('held polls end with empty batches one after another, then the server closes', async () => {
    expect((await first.poll.ended).body).toMatchObject(EMPTY);
    await clock.advance(SHARE_MS);
    expect((await second.poll.ended).body).toMatchObject(EMPTY);
    expect(isClosed).toBe(false);
    await clock.advance(SHARE_MS);
    expect((await third.poll.ended).body).toMatchObject(EMPTY);
    await closed;
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });

  test('the cursor of such an empty batch is usable', async () => {
    const { cursor } = (await first.poll.ended).body as { cursor: string };
    expect((await first.member.call('acknowledgeMessages', { body: { cursor } })).status).toBe(204);
  });

  test('a message that arrives is delivered to a poll that is still held', async () => {
    await first.member.send({ type: 'hangup', to: third.member.id });
    const { status, body, headers } = await third.poll.ended;
    expect([status, headers.connection]).toEqual([200, 'close']);
    expect(body).toMatchObject({ messages: [{ type: 'hangup', from: first.member.id }] });
  });

  test('readiness fails and health succeeds', async () => {
    const readiness = await call(server.url, 'getReadiness', {});
    problemOf(readiness, 'shutting-down');
    expect(readiness.headers['retry-after']).toMatch(/^\d+$/);
    expect((await call(server.url, 'getHealth', {})).body).toEqual({ status: 'ok' });
  });

  test('new joins and polls are refused with Retry-After', async () => {
    const answers = [
      await call(server.url, 'joinRoom', { roomId: newRoom() }, { headers: KEEP_ALIVE }),
      await first.member.call('joinRoom', { body: { resume: true }, headers: KEEP_ALIVE }),
      await first.member.call('receiveMessages', { query: { wait: 0 }, headers: KEEP_ALIVE }),
      await first.member.call('pollMessages', { headers: KEEP_ALIVE }),
    ];
    for (const answer of answers) {
      expect(problemOf(answer, 'shutting-down')).toMatchObject({ retryable: true });
      expect(answer.headers).toMatchObject({ 'retry-after': expect.stringMatching(/^[1-9]\d*$/), connection: 'close' });
    }
  });

  test.each(LEAVING)('sends, acknowledgements, reads and %s are served', async (leaving) => {
    const { member } = second;
    const serve = (id: OperationId, body?: object): Promise<Answer> => member.call(id, { body, headers: KEEP_ALIVE });
    const message = { type: 'hangup', to: first.member.id };
    const answers = [
      await serve('sendMessage', message),
      await serve('sendMessages', { messages: [message] }),
      await serve('acknowledgeMessages', { cursor: member.joined.cursor }),
      await serve('listParticipants'),
      await serve('getIceServers'),
      await serve('getServiceInfo'),
      // Last: it ends the held polls, and without a held poll the server closes.
      await serve(leaving),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 204, 200, 200, 200, 204]);
    expect(new Set(answers.map(({ headers }) => headers.connection))).toEqual(new Set(['close']));
    problemOf(await second.poll.ended, 'participant-gone');
  });

  test('every response ends its connection, also a refusal outside any operation', async () => {
    for (const [method, path] of [
      ['GET', '/nowhere'],
      ['PUT', '/v1/rooms/r/messages'],
    ] as const) {
      expect((await exchange(server.url, method, path, { headers: KEEP_ALIVE })).headers.connection).toBe('close');
    }
  });

  test('the shutdown is checked after path and query and before the credential', async () => {
    const { roomId } = first.member;
    const get = (sent: object) => call(server.url, 'receiveMessages', { roomId }, sent);
    problemOf(await get({ query: 'wait=x' }), 'invalid-request');
    problemOf(await get({ token: 'unknown' }), 'shutting-down');
    problemOf(await call(server.url, 'pollMessages', { roomId }, { text: '{' }), 'shutting-down');
    problemOf(await call(server.url, 'joinRoom', { roomId: 'a.b' }), 'invalid-request');
    problemOf(await call(server.url, 'listParticipants', { roomId }), 'unauthenticated');
  });

  test('closing again changes nothing', async () => {
    const again = server.service.holdline.close();
    await clock.advance(2 * SHARE_MS);
    await Promise.all([again, closed]);
    expect((await third.poll.ended).status).toBe(200);
  });
});
