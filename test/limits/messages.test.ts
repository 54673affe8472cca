import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { ReceiptList } from '../../src/wire/index.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member } from '../support/member.ts';

const INVITE = { type: 'invite' } as const;
const invites = (count: number) => Array.from({ length: count }, () => INVITE);

let clock: TestClock;
let app: Express;
let alice: Member;
beforeEach(async () => {
  clock = new TestClock();
  ({ app } = await createService({ rateLimitMessagesPerSecond: 2 }, { clock }));
  alice = await join(app, 'lobby', 'alice');
});
afterEach(closeServices);

const send = (member: Member, message: object = INVITE, key?: string): Promise<Answer> =>
  member.call('sendMessage', { body: message, ...(key !== undefined && { headers: { 'Idempotency-Key': key } }) });
const sendAll = (member: Member, count: number, key?: string): Promise<Answer> =>
  member.call('sendMessages', {
    body: { messages: invites(count) },
    ...(key !== undefined && { headers: { 'Idempotency-Key': key } }),
  });
const statuses = async (answers: readonly Promise<Answer>[]) =>
  (await Promise.all(answers)).map(({ status }) => status);

describe('a participant sends 2 messages a second, in bursts of 8', () => {
  test('the ninth message is refused with Retry-After', async () => {
    expect(await statuses(Array.from({ length: 9 }, () => send(alice)))).toEqual([...Array<number>(8).fill(201), 429]);
    const refused = await send(alice);
    problemOf(refused, 'rate-limited');
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      'ratelimit-policy': '"messages";q=8;w=4',
      ratelimit: '"messages";r=0;t=1',
    });
    await clock.advance(1_000);
    expect(await statuses([send(alice), send(alice), send(alice)])).toEqual([201, 201, 429]);
  });

  test('a batch counts its messages, and is stored whole or not at all', async () => {
    const bob = await join(app, 'lobby', 'bob');
    expect(await statuses([sendAll(alice, 5)])).toEqual([201]);
    const refused = await sendAll(alice, 5);
    expect(problemOf(refused, 'rate-limited').errors).toBeUndefined();
    expect(refused.headers).toMatchObject({ ratelimit: '"messages";r=3;t=1' });
    expect((await bob.poll()).messages.filter(({ type }) => type === 'invite')).toHaveLength(5);
    expect(await statuses([sendAll(alice, 3)])).toEqual([201]);
  });

  test('a batch above the burst is accepted first, and delays later messages', async () => {
    expect(((await sendAll(alice, 32)).body as ReceiptList).receipts).toHaveLength(32);
    expect((await send(alice)).headers['retry-after']).toBe('13');
    await clock.advance(13_000);
    expect(await statuses([send(alice), send(alice), send(alice)])).toEqual([201, 201, 429]);
  });

  test('each participant has its own limit', async () => {
    const bob = await join(app, 'lobby', 'bob');
    expect(await statuses([sendAll(alice, 8), sendAll(bob, 8)])).toEqual([201, 201]);
    expect(await statuses([sendAll(alice, 1), sendAll(bob, 1)])).toEqual([429, 429]);
  });

  test('joining again does not reset the limit', async () => {
    await sendAll(alice, 8);
    const [kept, anew] = [await alice.rejoin({ resume: true }), await alice.rejoin({ resume: false })];
    problemOf(await send(anew), 'rate-limited');
    problemOf(await send(kept), 'unauthenticated');
  });

  test('polls and acknowledgements are not messages', async () => {
    await sendAll(alice, 8);
    const { cursor } = await alice.poll();
    expect((await alice.call('acknowledgeMessages', { body: { cursor } })).status).toBe(204);
    expect((await alice.call('getIceServers')).status).toBe(200);
  });
});

describe('a retry under a known idempotency key', () => {
  test('is neither counted nor refused', async () => {
    const first = await sendAll(alice, 7, 'k1');
    for (let time = 0; time < 5; time += 1) {
      const again = await sendAll(alice, 7, 'k1');
      expect(again).toMatchObject({ status: 201, body: first.body });
      expect(again.headers['idempotency-replayed']).toBe('true');
    }
    expect(await statuses([send(alice), send(alice)])).toEqual([201, 429]);
    expect((await sendAll(alice, 7, 'k1')).headers['idempotency-replayed']).toBe('true');
  });

  test('with another body is idempotency-key-reused, not rate-limited', async () => {
    await sendAll(alice, 8, 'k1');
    problemOf(await sendAll(alice, 2, 'k1'), 'idempotency-key-reused');
  });

  test('of a refused request is a new request', async () => {
    await sendAll(alice, 8);
    problemOf(await send(alice, INVITE, 'k2'), 'rate-limited');
    await clock.advance(500);
    const stored = await send(alice, INVITE, 'k2');
    expect(stored.status).toBe(201);
    expect(stored.headers['idempotency-replayed']).toBeUndefined();
  });
});

describe('the rate limit is checked', () => {
  beforeEach(() => sendAll(alice, 8));

  test('after the fields, and invalid messages do not count', async () => {
    problemOf(await send(alice, { type: 'nonsense' }), 'invalid-request');
    problemOf(await send(alice, { type: 'invite', to: 'alice' }), 'invalid-request');
  });

  test('before the recipient', async () => {
    problemOf(await send(alice, { type: 'invite', to: 'nobody' }), 'rate-limited');
  });
});

test('RATE_LIMIT=off lifts the rate limit of messages', async () => {
  const { app: free } = await createService({ rateLimitMessagesPerSecond: 1, rateLimit: 'off' }, { clock });
  const member = await join(free, 'lobby');
  expect(new Set(await statuses(Array.from({ length: 40 }, () => sendAll(member, 10))))).toEqual(new Set([201]));
});

test('the default limit is 50 messages a second', async () => {
  const { app: usual } = await createService({}, { clock });
  const member = await join(usual, 'lobby');
  const answers = [...Array.from({ length: 6 }, () => sendAll(member, 32)), sendAll(member, 8)];
  expect(new Set(await statuses(answers))).toEqual(new Set([201]));
  expect((await send(member)).headers['ratelimit-policy']).toBe('"messages";q=200;w=4');
});
