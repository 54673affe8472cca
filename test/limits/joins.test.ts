import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { JoinResult } from '../../src/wire/index.ts';
import { accessToken, API_KEY, SECRET } from '../access/credentials.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf, type Sent } from '../support/http.ts';

let clock: TestClock;
beforeEach(() => {
  clock = new TestClock();
});
afterEach(closeServices);

const service = async (given: Parameters<typeof createService>[0]): Promise<Express> =>
  (await createService({ rateLimitJoinsPerMinute: 3, trustProxy: 1, ...given }, { clock })).app;

const join = (app: Express, from: string, sent: Sent = {}): Promise<Answer> =>
  call(app, 'joinRoom', { roomId: 'lobby' }, { ...sent, headers: { 'X-Forwarded-For': from, ...sent.headers } });

/** Runs the joins one after another, so that the order of the statuses is known. */
async function statuses(joins: readonly (() => Promise<Answer>)[]): Promise<number[]> {
  const found: number[] = [];
  for (const one of joins) found.push((await one()).status);
  return found;
}

const times = (count: number, one: () => Promise<Answer>) => Array.from({ length: count }, () => one);

describe('in open mode a client address joins 3 times a minute', () => {
  let app: Express;
  beforeEach(async () => {
    app = await service({});
  });

  test('the fourth join is refused with Retry-After', async () => {
    expect(await statuses(times(4, () => join(app, '192.0.2.1')))).toEqual([201, 201, 201, 429]);
    const refused = await join(app, '192.0.2.1');
    problemOf(refused, 'rate-limited');
    expect(refused.headers).toMatchObject({
      'retry-after': '20',
      'ratelimit-policy': '"joins";q=3;w=60',
      ratelimit: '"joins";r=0;t=20',
    });
    await clock.advance(20_000);
    expect(await statuses(times(2, () => join(app, '192.0.2.1')))).toEqual([201, 429]);
  });

  test('each address has its own limit', async () => {
    await statuses(times(4, () => join(app, '192.0.2.1')));
    expect((await join(app, '192.0.2.2')).status).toBe(201);
  });

  test('all addresses of an IPv6 /64 share a limit', async () => {
    const addresses = ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::', '2001:0db8::9'];
    expect(await statuses(addresses.map((from) => () => join(app, from)))).toEqual([201, 201, 201, 429]);
    expect((await join(app, '2001:db8:0:1::1')).status).toBe(201);
  });

  test('joins that are refused for other reasons count, since they can guess ids', async () => {
    await join(app, '192.0.2.9', { body: { participantId: 'alice' } });
    const guess = () => join(app, '192.0.2.1', { body: { participantId: 'alice' } });
    expect(await statuses(times(4, guess))).toEqual([409, 409, 409, 429]);
  });

  test('replays under a known key do not count', async () => {
    const retry = () => join(app, '192.0.2.1', { headers: { 'Idempotency-Key': 'k1' } });
    expect(await statuses(times(6, retry))).toEqual(Array<number>(6).fill(201));
    expect(await statuses(times(3, () => join(app, '192.0.2.1')))).toEqual([201, 201, 429]);
    expect((await retry()).headers['idempotency-replayed']).toBe('true');
    problemOf(await join(app, '192.0.2.1', { headers: { 'Idempotency-Key': 'k2' } }), 'rate-limited');
    problemOf(
      await join(app, '192.0.2.1', { headers: { 'Idempotency-Key': 'k1' }, body: { displayName: 'x' } }),
      'idempotency-key-reused',
    );
  });

  test('replays of one join beyond 8 in a minute count as joins', async () => {
    const replay = () => join(app, '192.0.2.1', { headers: { 'Idempotency-Key': 'k1' } });
    const free = times(9, replay);
    expect(await statuses(free)).toEqual(Array<number>(9).fill(201));
    expect(await statuses(times(3, replay))).toEqual([201, 201, 429]);
    problemOf(await replay(), 'rate-limited');
    expect((await join(app, '192.0.2.1', { headers: { 'Idempotency-Key': 'k2' } })).status).toBe(429);
    await clock.advance(30_000);
    expect(await statuses(times(2, replay))).toEqual([201, 429]);
    await clock.advance(30_000);
    expect(await statuses(times(8, replay))).toEqual(Array<number>(8).fill(201));
  });

  test('requests other than joins do not count', async () => {
    const { token } = (await join(app, '192.0.2.1')).body as JoinResult;
    const list = () => call(app, 'listParticipants', { roomId: 'lobby' }, { token });
    expect(await statuses(times(10, list))).toEqual(Array<number>(10).fill(200));
  });
});

describe('with access tokens a subject joins 3 times a minute', () => {
  let app: Express;
  beforeEach(async () => {
    app = await service({ accessTokenSecret: SECRET });
  });
  const as = async (sub: string, room: string | undefined = '*') =>
    join(app, '192.0.2.1', { token: await accessToken(clock.wallMs(), { sub, room }) });

  test('the fourth join is refused, whatever the room and address', async () => {
    expect(await statuses(times(4, () => as('alice')))).toEqual([201, 201, 201, 429]);
    const token = await accessToken(clock.wallMs(), { sub: 'alice', room: 'attic' });
    const elsewhere = await call(
      app,
      'joinRoom',
      { roomId: 'attic' },
      { token, headers: { 'X-Forwarded-For': '192.0.2.2' } },
    );
    problemOf(elsewhere, 'rate-limited');
  });

  test('many subjects behind one address may join at once', async () => {
    const pupils = Array.from({ length: 30 }, (_, index) => `pupil-${index}`);
    expect(await statuses(pupils.map((pupil) => () => as(pupil)))).toEqual(Array<number>(30).fill(201));
  });

  test("resumes by a participant's own token have a separate limit", async () => {
    const { token } = (await as('alice')).body as JoinResult;
    const again = () => join(app, '192.0.2.1', { token, body: { resume: true } });
    expect(await statuses(times(4, again))).toEqual([201, 201, 201, 429]);
    expect((await as('bob')).status).toBe(201);
  });
});

test('joins with an API key are not limited', async () => {
  const app = await service({ apiKeys: [API_KEY] });
  expect(await statuses(times(20, () => join(app, '192.0.2.1', { token: API_KEY })))).toEqual(
    Array<number>(20).fill(201),
  );
});

test('RATE_LIMIT=off lifts the rate limit of joins', async () => {
  const app = await service({ rateLimit: 'off' });
  expect(await statuses(times(20, () => join(app, '192.0.2.1')))).toEqual(Array<number>(20).fill(201));
});

describe('TRUST_PROXY selects the client address', () => {
  const fromAfar = (index: number) => `203.0.113.${index}`;
  const spoofed = (app: Express) => statuses([1, 2, 3, 4].map((index) => () => join(app, fromAfar(index))));

  test('without trusted proxies, a client cannot choose its address', async () => {
    expect(await spoofed(await service({ trustProxy: false }))).toEqual([201, 201, 201, 429]);
  });

  test('with one hop, it is the address that the nearest proxy added', async () => {
    const app = await service({ trustProxy: 1 });
    const through = [1, 2, 3, 4].map((index) => () => join(app, `${fromAfar(index)}, 192.0.2.7`));
    expect(await statuses(through)).toEqual([201, 201, 201, 429]);
  });

  test('with two hops, it is the address that the farther proxy added', async () => {
    const app = await service({ trustProxy: 2 });
    const through = [1, 2, 3, 4].map((index) => () => join(app, `198.51.100.1, ${fromAfar(index)}, 192.0.2.7`));
    expect(await statuses(through)).toEqual([201, 201, 201, 201]);
  });

  test('with a list, it is the nearest address that is not in the list', async () => {
    const app = await service({ trustProxy: ['loopback', '192.0.2.0/24'] });
    const through = (chain: (index: number) => string) =>
      statuses([1, 2, 3, 4].map((index) => () => join(app, chain(index))));
    expect(await through((index) => `${fromAfar(index)}, 192.0.2.7`)).toEqual([201, 201, 201, 201]);
    expect(await through((index) => `${fromAfar(index)}, 198.51.100.1`)).toEqual([201, 201, 201, 429]);
  });

  test('an invalid address counts as that of the proxy', async () => {
    const app = await service({ trustProxy: true });
    const nonsense = ['unknown', '_hidden', 'x'.repeat(4_000), ''];
    expect(await statuses(nonsense.map((from) => () => join(app, from)))).toEqual([201, 201, 201, 429]);
  });
});
