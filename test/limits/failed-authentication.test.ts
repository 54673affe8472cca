import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { JoinResult } from '../../src/wire/index.ts';
import { accessToken, API_KEY, hmacKey, SECRET } from '../access/credentials.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf, type Sent } from '../support/http.ts';

const ATTACKER = '192.0.2.1';
const SHORT_KEY = 'hunter2';

let clock: TestClock;
let app: Express;
beforeEach(async () => {
  clock = new TestClock();
  const keys = { accessTokenSecret: SECRET, apiKeys: [API_KEY, SHORT_KEY] };
  ({ app } = await createService({ ...keys, rateLimitJoinsPerMinute: 5, trustProxy: 1 }, { clock }));
});
afterEach(closeServices);

const ask = (token: string, from = ATTACKER, sent: Sent = {}): Promise<Answer> =>
  call(app, 'listParticipants', { roomId: 'lobby' }, { token, headers: { 'X-Forwarded-For': from }, ...sent });

const guess = (): string => `${randomBytes(9).toString('base64url')}.${randomBytes(24).toString('base64url')}`;

async function codes(attempts: readonly (() => Promise<Answer>)[]): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const attempt of attempts) found.push(((await attempt()).body as { code?: string }).code);
  return found;
}

const times = (count: number, one: () => Promise<Answer>) => Array.from({ length: count }, () => one);

const member = async (sub: string): Promise<JoinResult> => {
  const token = await accessToken(clock.wallMs(), { sub });
  return (await call(app, 'joinRoom', { roomId: 'lobby' }, { token, headers: { 'X-Forwarded-For': ATTACKER } }))
    .body as JoinResult;
};

const FIVE_THEN_REFUSED = [...Array<string>(5).fill('unauthenticated'), 'rate-limited'];

describe('a client address that guesses', () => {
  test('tokens gets the same 401 for every kind of wrong token, then rate-limited', async () => {
    const alice = await member('alice');
    const [handle = ''] = alice.token.split('.');
    // A wrong secret of a participant, an unknown token, a malformed token and an unknown handle.
    const guesses = [`${handle}.${'A'.repeat(32)}`, guess(), 'x', `${'A'.repeat(12)}.${'A'.repeat(32)}`];
    const bodies = [];
    for (const token of guesses) bodies.push({ ...((await ask(token)).body as object), requestId: '' });
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect(await codes(times(2, () => ask(guess())))).toEqual(['unauthenticated', 'rate-limited']);
  });

  test.each([
    ['API keys', () => Promise.resolve(randomBytes(16).toString('hex'))],
    [
      'access tokens',
      () => accessToken(clock.wallMs(), { sub: 'alice' }, { key: hmacKey(randomBytes(32).toString('hex')) }),
    ],
    ['empty tokens', () => Promise.resolve('')],
  ])('%s is rate-limited after five attempts', async (_, make) => {
    expect(await codes(times(6, async () => ask(await make())))).toEqual(FIVE_THEN_REFUSED);
  });

  test('gets Retry-After, and may try again after it', async () => {
    await codes(times(5, () => ask(guess())));
    const refused = await ask(guess());
    problemOf(refused, 'rate-limited');
    expect(refused.headers).toMatchObject({
      'retry-after': '12',
      'ratelimit-policy': '"authentication";q=5;w=60',
      ratelimit: '"authentication";r=0;t=12',
    });
    expect(refused.headers['www-authenticate']).toBeUndefined();
    await clock.advance(12_000);
    expect(await codes(times(2, () => ask(guess())))).toEqual(['unauthenticated', 'rate-limited']);
  });

  test('has one limit for all operations', async () => {
    const place = { roomId: 'lobby', participantId: 'alice' };
    const sent = () => ({ token: guess(), headers: { 'X-Forwarded-For': ATTACKER } });
    const operations = [
      'joinRoom',
      'leaveRoom',
      'leaveRoomByPost',
      'receiveMessages',
      'listRooms',
      'closeRoom',
    ] as const;
    expect(await codes(operations.map((id) => () => call(app, id, place, sent())))).toEqual(FIVE_THEN_REFUSED);
  });

  test('does not affect valid credentials from the same address, or other addresses', async () => {
    const alice = await member('alice');
    await codes(times(20, () => ask(guess())));
    expect((await ask(alice.token)).status).toBe(200);
    expect((await ask(API_KEY)).status).toBe(200);
    expect((await member('bob')).participantId).toBe('bob');
    expect(await codes([() => ask(guess(), '192.0.2.2')])).toEqual(['unauthenticated']);
  });

  test('cannot find a short API key: beyond the limit it is not compared', async () => {
    expect((await ask(SHORT_KEY)).status).toBe(200);
    await codes(times(5, () => ask('hunter1')));
    problemOf(await ask(SHORT_KEY), 'rate-limited');
    expect((await ask(SHORT_KEY, '192.0.2.2')).status).toBe(200);
    await clock.advance(60_000);
    expect((await ask(SHORT_KEY)).status).toBe(200);
  });
});

test('failed authentications and joins have separate limits', async () => {
  const { app: open } = await createService({ rateLimitJoinsPerMinute: 2 }, { clock });
  const fail = () => call(open, 'listParticipants', { roomId: 'lobby' }, { token: guess() });
  const join = () => call(open, 'joinRoom', { roomId: 'lobby' });
  expect(await codes([fail, fail, fail])).toEqual(['unauthenticated', 'unauthenticated', 'rate-limited']);
  expect(await codes([join, join, join])).toEqual([undefined, undefined, 'rate-limited']);
});

test('RATE_LIMIT=off lifts the limit of failed authentications', async () => {
  const { app: free } = await createService({ rateLimitJoinsPerMinute: 1, rateLimit: 'off' }, { clock });
  const fail = () => call(free, 'listParticipants', { roomId: 'lobby' }, { token: guess() });
  expect(new Set(await codes(times(20, fail)))).toEqual(new Set(['unauthenticated']));
});

describe('an invalid request without a valid credential is charged as a failed authentication', () => {
  let open: Express;
  beforeEach(async () => {
    open = (await createService({ rateLimitJoinsPerMinute: 5, trustProxy: 1 }, { clock })).app;
  });
  const joinWith = (text: string, sent: Sent = {}): Promise<Answer> =>
    call(open, 'joinRoom', { roomId: 'lobby' }, { text, headers: { 'X-Forwarded-For': ATTACKER }, ...sent });

  test.each([
    ['unknown fields', '{"x":1}', 'invalid-request'],
    ['no JSON', '{', 'invalid-json'],
    ['a body that is too large', ' '.repeat(16_385), 'too-large'],
  ])('%s', async (_, text, code) => {
    const attempts = times(6, () => joinWith(text));
    expect(await codes(attempts)).toEqual([code, code, code, code, code, 'rate-limited']);
    expect((await joinWith('{}')).status).toBe(201);
  });

  test('an unknown token, and a fault in the query', async () => {
    const attempts = [
      ...times(3, () => joinWith('{"x":1}', { token: guess() })),
      ...times(3, () => joinWith('{}', { query: 'x=1' })),
    ];
    expect((await codes(attempts)).at(-1)).toBe('rate-limited');
  });

  test('with a valid token it is not charged', async () => {
    const { token } = (await joinWith('{}')).body as JoinResult;
    const attempts = times(20, () =>
      call(open, 'sendMessage', { roomId: 'lobby' }, { token, text: '{', headers: { 'X-Forwarded-For': ATTACKER } }),
    );
    expect(new Set(await codes(attempts))).toEqual(new Set(['invalid-json']));
  });
});
