import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { exportSPKI, generateKeyPair } from 'jose';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { LEAVING, Member } from '../support/member.ts';
import type { JoinResult } from '../../src/wire/index.ts';
import { accessToken, forged, hmacKey, SECRET } from './credentials.ts';

const clock = new TestClock();
const nowSeconds = clock.wallMs() / 1_000;

let app: Express;
beforeAll(async () => {
  ({ app } = await createService({ accessTokenSecret: SECRET, rateLimit: 'off' }, { clock }));
});
afterAll(closeServices);

const join = (token: string | undefined, body: object = {}, roomId = 'lobby'): Promise<Answer> =>
  call(app, 'joinRoom', { roomId }, { body, ...(token !== undefined && { token }) });

async function joined(claims: Readonly<Record<string, unknown>>, body: object = {}, roomId = 'lobby'): Promise<Member> {
  const answer = await join(await accessToken(clock.wallMs(), claims), body, roomId);
  expect(answer.status).toBe(201);
  return new Member(app, answer.body as JoinResult);
}

const refusal = async (token: string | undefined, body: object = {}) =>
  problemOf(await join(token, body), 'unauthenticated');

const signed = (claims: Readonly<Record<string, unknown>>) => accessToken(clock.wallMs(), claims);

describe('an access token', () => {
  test('lets its subject join its room, even if the body names no participant', async () => {
    expect((await joined({ sub: 'alice' })).id).toBe('alice');
    expect((await joined({ sub: 'bob' }, { participantId: 'bob' })).id).toBe('bob');
  });

  test('for `*` lets its subject join any room', async () => {
    for (const room of ['one', 'two']) expect((await joined({ sub: 'alice', room: '*' }, {}, room)).roomId).toBe(room);
  });

  test('takes precedence over the body for name and metadata', async () => {
    const member = await joined(
      { sub: 'carol', name: 'Dr. Carol', metadata: { role: 'host' } },
      { displayName: 'Queen Carol', metadata: { role: 'admin' } },
    );
    expect((await member.roster()).find(({ participantId }) => participantId === 'carol')).toMatchObject({
      displayName: 'Dr. Carol',
      metadata: { role: 'host' },
    });
  });

  test('leaves absent claims to the body', async () => {
    const member = await joined({ sub: 'dave' }, { displayName: 'Dave', metadata: { a: 1 } });
    expect((await member.roster()).find(({ participantId }) => participantId === 'dave')).toMatchObject({
      displayName: 'Dave',
      metadata: { a: 1 },
    });
  });

  test('takes over its own participant, with or without its mailbox', async () => {
    const roomId = 'takeover';
    const first = await joined({ sub: 'erin', room: roomId }, {}, roomId);
    const anew = await joined({ sub: 'erin', room: roomId }, {}, roomId);
    const kept = await joined({ sub: 'erin', room: roomId }, { resume: true }, roomId);
    expect([first, anew, kept].map(({ joined: { resumed } }) => resumed)).toEqual([false, false, true]);
    await kept.poll();
    problemOf(await first.call('listParticipants'), 'unauthenticated');
  });

  test('is only needed to join: the participant stays when it expires', async () => {
    const member = await joined({ sub: 'frank', exp: clock.wallMs() / 1_000 + 5 });
    await clock.advance(10_000);
    expect((await member.roster()).map(({ participantId }) => participantId)).toContain('frank');
  });

  test('does not allow anything but joining', async () => {
    const token = await signed({ sub: 'alice' });
    for (const id of ['listParticipants', 'receiveMessages', 'getIceServers', 'closeRoom', ...LEAVING] as const) {
      problemOf(await call(app, id, { roomId: 'lobby', participantId: 'alice' }, { token }), 'forbidden');
    }
    problemOf(await call(app, 'listRooms', {}, { token }), 'forbidden');
  });
});

describe('`exp` and `nbf` have 5 s of leeway, since clocks of servers differ', () => {
  let own: TestClock;
  let target: Express;
  beforeAll(async () => {
    own = new TestClock();
    ({ app: target } = await createService({ accessTokenSecret: SECRET, rateLimit: 'off' }, { clock: own }));
  });

  const joinWith = async (claims: Readonly<Record<string, unknown>>): Promise<Answer> => {
    const token = await accessToken(own.wallMs(), { sub: 'alice', ...claims });
    return call(target, 'joinRoom', { roomId: 'lobby' }, { token });
  };

  test('a token is good until 5 s after its `exp`', async () => {
    const exp = own.wallMs() / 1_000;
    await own.advance(4_999);
    expect((await joinWith({ exp })).status).toBe(201);
    await own.advance(1);
    expect(problemOf(await joinWith({ exp }), 'unauthenticated').detail).toContain('has expired');
  });

  test('a token is good from 5 s before its `nbf`', async () => {
    const nbf = own.wallMs() / 1_000 + 10;
    await own.advance(4_999);
    expect(problemOf(await joinWith({ nbf }), 'unauthenticated').detail).toContain('is not valid yet');
    await own.advance(1);
    expect((await joinWith({ nbf })).status).toBe(201);
  });

  test('an `iat` in the future does no harm', async () => {
    expect((await joinWith({ iat: own.wallMs() / 1_000 + 60 })).status).toBe(201);
  });
});

describe('an access token is 401', () => {
  test('when it is missing or not a token', async () => {
    expect((await refusal(undefined)).detail).toContain('needs an access token');
    for (const text of ['x', 'a.b', 'a.b.c', 'a.b.c.d.e', 'eyJhbGciOiJIUzI1NiJ9.e30.', 'a.'.repeat(300)])
      await refusal(text);
  });

  test('and `WWW-Authenticate` tells a missing one from one that was refused', async () => {
    const refused = 'Bearer realm="holdline", error="invalid_token"';
    const challenge = async (token?: string) => (await join(token)).headers['www-authenticate'];
    expect(await challenge()).toBe('Bearer realm="holdline"');
    expect(await challenge(await signed({ sub: 'alice', exp: nowSeconds - 3_600 }))).toBe(refused);
    expect(await challenge('x')).toBe(refused);
  });

  test.each([
    ['expired', { exp: nowSeconds - 3_600 }, 'has expired'],
    ['not valid yet', { nbf: nowSeconds + 3_600 }, 'is not valid yet'],
    ['without `exp`', { exp: undefined }, '`exp`'],
    ['with an `exp` that is no number', { exp: 'tomorrow' }, '`exp`'],
  ])('when it is %s', async (_, claims, words) => {
    expect((await refusal(await accessToken(nowSeconds * 1_000, { sub: 'alice', ...claims }))).detail).toContain(words);
  });

  test('when another secret signed it', async () => {
    await refusal(await accessToken(clock.wallMs(), { sub: 'alice' }, { key: hmacKey(`${SECRET}!`) }));
  });

  test('when its claims were changed after it was signed', async () => {
    const [header = '', , signature = ''] = (await signed({ sub: 'alice' })).split('.');
    const claims = Buffer.from(JSON.stringify({ sub: 'mallory', room: '*', exp: nowSeconds + 9e9 })).toString(
      'base64url',
    );
    await refusal(`${header}.${claims}.${signature}`);
  });

  test.each(['none', 'None', 'NONE', '', 'nOnE'])('when it says that it needs no signature (alg "%s")', async (alg) => {
    const claims = { sub: 'alice', room: 'lobby', exp: nowSeconds + 9e9 };
    for (const signature of ['', 'AAAA']) await refusal(forged({ alg }, claims, signature));
  });

  test.each(['HS384', 'HS512'])('when the secret signed it by another algorithm (%s)', async (alg) => {
    const token = await accessToken(
      clock.wallMs(),
      { sub: 'alice' },
      { key: hmacKey(SECRET.repeat(4).slice(0, 64)), header: { alg } },
    );
    expect((await refusal(token)).detail).toContain('algorithm');
  });

  test('when it is signed with a key pair instead of the secret', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    await refusal(await accessToken(clock.wallMs(), { sub: 'alice' }, { key: privateKey, header: { alg: 'ES256' } }));
  });

  test('when it contains its own key', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const header = {
      alg: 'HS256',
      jwk: { kty: 'oct', k: 'AAAA' },
      jku: 'http://127.0.0.1:1/',
      x5c: [await exportSPKI(publicKey)],
    };
    const claims = { sub: 'alice', room: 'lobby', exp: nowSeconds + 9e9 };
    const unsigned = forged(header, claims).slice(0, -1);
    await refusal(`${unsigned}.${createHmac('sha256', Buffer.alloc(3)).update(unsigned).digest('base64url')}`);
  });

  test('when it names an extension that must be understood', async () => {
    await refusal(forged({ alg: 'HS256', crit: ['b64'], b64: false }, { sub: 'alice' }, 'AAAA'));
  });

  test('when it is too long, without any verification', async () => {
    expect((await refusal(await signed({ sub: 'alice', blob: 'x'.repeat(10_000) }))).detail).toContain(
      '8192 characters',
    );
  });
});

describe('a valid access token is 403', () => {
  test('for another room', async () => {
    const { detail } = problemOf(await join(await signed({ sub: 'alice', room: 'attic' })), 'forbidden');
    expect(detail).toContain('another room');
  });

  test('for another participant than the body names', async () => {
    const { detail } = problemOf(await join(await signed({ sub: 'alice' }), { participantId: 'bob' }), 'forbidden');
    expect(detail).toContain('"alice"');
  });

  test.each([
    ['a `sub` outside the pattern', { sub: 'alice@example.com' }, '`sub` must be 1 to 64 of A-Z a-z 0-9 _ -'],
    ['a `sub` that is too long', { sub: 'a'.repeat(65) }, '`sub` must be 1 to 64'],
    ['an empty `sub`', { sub: '' }, '`sub` must be 1 to 64'],
    ['no `sub`', {}, '`sub` is required'],
    ['a `sub` that is a number', { sub: 7 }, '`sub` must be'],
    ['no room', { sub: 'alice', room: undefined }, '`room` is required'],
    ['a list of rooms', { sub: 'alice', room: ['lobby'] }, '`room` must be'],
    ['a pattern of rooms', { sub: 'alice', room: 'lob*' }, '`room` must be'],
    ['a name that is too long', { sub: 'alice', name: 'x'.repeat(129) }, '`name` must be'],
    ['metadata that is a text', { sub: 'alice', metadata: 'host' }, '`metadata` must be an object'],
    [
      'metadata with half of a surrogate pair',
      { sub: 'alice', metadata: { a: '\ud800' } },
      '`metadata` must be well-formed',
    ],
    ['metadata that is too large', { sub: 'alice', metadata: { a: 'x'.repeat(2_048) } }, '`metadata` must be at most'],
  ])('with %s, and says so', async (_, claims, words) => {
    expect(problemOf(await join(await signed(claims)), 'forbidden').detail).toContain(words);
  });

  test('before the body is read', async () => {
    problemOf(await join(await signed({ sub: 'alice', room: 'attic' }), { nonsense: true }), 'forbidden');
    problemOf(await join(undefined, { nonsense: true }), 'unauthenticated');
  });
});

describe('with ACCESS_TOKEN_AUDIENCE', () => {
  let strict: Express;
  beforeAll(async () => {
    const settings = { accessTokenSecret: SECRET, accessTokenAudience: 'calls' } as const;
    ({ app: strict } = await createService(settings, { clock }));
  });

  test.each([
    ['the audience', 'calls', 201],
    ['the audience among others', ['web', 'calls'], 201],
    ['another', 'mail', 401],
    ['none', undefined, 401],
  ])('a token for %s is answered with %3$s', async (_, aud, status) => {
    const token = await signed({ sub: 'alice', aud });
    expect((await call(strict, 'joinRoom', { roomId: 'lobby' }, { token })).status).toBe(status);
  });
});

describe('the token of a join, where joining needs access tokens', () => {
  test('still joins its own participant, and no other', async () => {
    const member = await joined({ sub: 'gina' });
    const rejoined = await member.rejoin({ resume: true });
    expect(rejoined.joined.resumed).toBe(true);
    expect((await join(rejoined.token, { resume: true })).body).toMatchObject({ participantId: 'gina', resumed: true });
    problemOf(await join(rejoined.token, { participantId: 'somebody-new' }), 'unauthenticated');
  });

  test('is 403 for a new participant or another room while it is live', async () => {
    const member = await joined({ sub: 'hugo' });
    problemOf(await join(member.token, { participantId: 'somebody-new' }), 'forbidden');
    problemOf(await join(member.token), 'forbidden');
    problemOf(await call(app, 'joinRoom', { roomId: 'attic' }, { token: member.token }), 'forbidden');
  });

  test('is 410 when its participant is gone, and 401 elsewhere', async () => {
    const member = await joined({ sub: 'ines' });
    await member.leave();
    expect(problemOf(await join(member.token, { participantId: 'ines' }), 'participant-gone').reason).toBe('left');
    problemOf(await call(app, 'joinRoom', { roomId: 'attic' }, { token: member.token }), 'unauthenticated');
  });
});

describe('an idempotency key of a join with an access token', () => {
  const keyed = async (claims: Readonly<Record<string, unknown>>, body: object = {}) =>
    call(
      app,
      'joinRoom',
      { roomId: 'lobby' },
      { token: await signed(claims), body, headers: { 'Idempotency-Key': 'k1' } },
    );

  test('has the scope of its subject: a retry with a newer token is replayed', async () => {
    const first = await keyed({ sub: 'jan', jti: '1' });
    const again = await keyed({ sub: 'jan', jti: '2' });
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toMatchObject({ participantId: 'jan' });
    expect((await keyed({ sub: 'kim' })).headers['idempotency-replayed']).toBeUndefined();
    problemOf(await keyed({ sub: 'kim' }, { displayName: 'Kim' }), 'idempotency-key-reused');
  });
});
