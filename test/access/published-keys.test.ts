import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { ServerResponse } from 'node:http';
import { exportJWK, exportSPKI, generateKeyPair, type CryptoKey, type JWK } from 'jose';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { accessToken, hmacKey } from './credentials.ts';
import { KeyServer } from './key-server.ts';

interface Pair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
  readonly header: { readonly alg: string; readonly kid?: string };
}

async function pair(alg: string, kid?: string): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const named = kid === undefined ? {} : { kid };
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), ...named }, header: { alg, ...named } };
}

let clock: TestClock;
let keys: KeyServer;
let app: Express;
beforeEach(async () => {
  clock = new TestClock();
  keys = await KeyServer.start();
  const settings = { accessTokenJwksUrl: keys.url, rateLimit: 'off', logLevel: 'silent' } as const;
  ({ app } = await createService(settings, { clock }));
});
afterEach(async () => {
  keys.close();
  await closeServices();
});

async function join(
  { privateKey: key, header }: Pick<Pair, 'privateKey' | 'header'>,
  sub = 'alice',
  times: Readonly<Record<string, number>> = {},
): Promise<Answer> {
  const token = await accessToken(clock.wallMs(), { sub, ...times }, { key, header });
  return call(app, 'joinRoom', { roomId: 'lobby' }, { token });
}

const MAX_DOCUMENT_BYTES = 256 * 1024;

/** A document with that key, padded to exactly that size. */
function documentOf(bytes: number, ...published: readonly JWK[]): string {
  const text = JSON.stringify({ keys: published });
  return text + ' '.repeat(bytes - text.length);
}

const status = async (by: Pick<Pair, 'privateKey' | 'header'>): Promise<number> => (await join(by)).status;

describe('an access token signed with a private key', () => {
  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'])('with %s is accepted', async (alg) => {
    const signer = await pair(alg, 'one');
    keys.publish(signer.jwk);
    expect(await status(signer)).toBe(201);
  });

  test('is accepted without a key id, whichever of several keys signed it', async () => {
    const [first, second] = [await pair('ES256'), await pair('ES256')];
    keys.publish(first.jwk, second.jwk);
    expect([await status(first), await status(second)]).toEqual([201, 201]);
    problemOf(await join(await pair('ES256')), 'unauthenticated');
  });

  test.each([
    ['that names its key', 'one'],
    ['that may be of any of several keys', undefined],
  ])('has 5 s of leeway for `exp` and `nbf`: one %s', async (_, kid) => {
    const [other, signer] = [await pair('ES256', kid && 'other'), await pair('ES256', kid)];
    keys.publish(other.jwk, signer.jwk);
    const exp = clock.wallMs() / 1_000;
    const nbf = exp + 10;
    await clock.advance(4_999);
    expect((await join(signer, 'alice', { exp })).status).toBe(201);
    expect(problemOf(await join(signer, 'alice', { nbf }), 'unauthenticated').detail).toContain('is not valid yet');
    await clock.advance(1);
    expect(problemOf(await join(signer, 'alice', { exp }), 'unauthenticated').detail).toContain('has expired');
    expect((await join(signer, 'alice', { nbf })).status).toBe(201);
  });

  test('is refused when another key has the same key id', async () => {
    keys.publish((await pair('ES256', 'one')).jwk);
    problemOf(await join(await pair('ES256', 'one')), 'unauthenticated');
  });

  test('is refused with another algorithm than its key is for', async () => {
    const signer = await pair('RS256', 'one');
    keys.publish({ ...signer.jwk, alg: 'RS512' });
    problemOf(await join(signer), 'unauthenticated');
  });
});

describe('a token signed with a public key as secret', () => {
  test('is refused (RS256 confused with HS256)', async () => {
    const signer = await pair('RS256', 'one');
    keys.publish(signer.jwk);
    const pem = await exportSPKI(signer.publicKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(signer.jwk), String(signer.jwk.n)]) {
      const header = { alg: 'HS256', kid: 'one' };
      const token = await accessToken(clock.wallMs(), { sub: 'mallory' }, { key: hmacKey(secret), header });
      expect(
        problemOf(await call(app, 'joinRoom', { roomId: 'lobby' }, { token }), 'unauthenticated').detail,
      ).toContain('algorithm');
    }
  });

  test('is refused even if a secret was published by mistake', async () => {
    keys.publish({
      kty: 'oct',
      kid: 'one',
      alg: 'HS256',
      k: Buffer.from('published by mistake, 32 bytes +').toString('base64url'),
    });
    const key = hmacKey('published by mistake, 32 bytes +');
    const token = await accessToken(clock.wallMs(), { sub: 'mallory' }, { key, header: { alg: 'HS256', kid: 'one' } });
    problemOf(await call(app, 'joinRoom', { roomId: 'lobby' }, { token }), 'unauthenticated');
  });
});

describe('published keys', () => {
  test('are fetched on first use, once for all concurrent requests', async () => {
    const signer = await pair('ES256', 'one');
    keys.publish(signer.jwk);
    expect(keys.asked).toBe(0);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((sub) => join(signer, sub)));
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201, 201]);
    await join(signer);
    expect(keys.asked).toBe(1);
  });

  test('are fetched again at once for a token with a new key', async () => {
    const [old, next] = [await pair('ES256', 'old'), await pair('ES256', 'next')];
    keys.publish(old.jwk);
    expect(await status(old)).toBe(201);
    keys.publish(old.jwk, next.jwk);
    expect([await status(next), await status(old)]).toEqual([201, 201]);
    expect(keys.asked).toBe(2);
  });

  test('are fetched at most every 30 s for tokens with unknown keys', async () => {
    keys.publish((await pair('ES256', 'one')).jwk);
    const stranger = await pair('ES256', 'unknown');
    expect(problemOf(await join(stranger), 'unauthenticated').detail).toContain('not published');
    for (let time = 0; time < 5; time += 1) problemOf(await join(stranger), 'storage-unavailable');
    const asked = keys.asked;
    expect(asked).toBeLessThanOrEqual(2);
    keys.publish(stranger.jwk);
    await clock.advance(30_000);
    expect(await status(stranger)).toBe(201);
    expect(keys.asked).toBe(asked + 1);
  });

  test('that are new get a retryable 503, not a refusal, while a token with an unknown key delays the next fetch', async () => {
    const [old, next] = [await pair('ES256', 'old'), await pair('ES256', 'next')];
    keys.publish(old.jwk);
    problemOf(await join(await pair('ES256', 'unknown')), 'unauthenticated');
    keys.publish(old.jwk, next.jwk);
    const answer = await join(next);
    expect(problemOf(answer, 'storage-unavailable').retryable).toBe(true);
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    await clock.advance(30_000);
    expect([await status(next), await status(old)]).toEqual([201, 201]);
  });

  test('that are new are valid for all tokens that arrive during the fetch', async () => {
    const [old, next] = [await pair('ES256', 'old'), await pair('ES256', 'next')];
    keys.publish(old.jwk);
    expect(await status(old)).toBe(201);
    keys.publish(old.jwk, next.jwk);
    const answers = await Promise.all(['a', 'b', 'c'].map((sub) => join(next, sub)));
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201]);
    expect(keys.asked).toBe(2);
  });

  test('may have 256 KB', async () => {
    const signer = await pair('ES256', 'one');
    keys.answers((res) => res.end(documentOf(MAX_DOCUMENT_BYTES, signer.jwk)));
    expect(await status(signer)).toBe(201);
  });

  test('are fetched again after ten minutes, so that a withdrawn one is refused', async () => {
    const [withdrawn, kept] = [await pair('ES256', 'withdrawn'), await pair('ES256', 'kept')];
    keys.publish(withdrawn.jwk, kept.jwk);
    expect(await status(withdrawn)).toBe(201);
    keys.publish(kept.jwk);
    await clock.advance(600_000);
    expect([await status(withdrawn), await status(kept)]).toEqual([401, 201]);
  });
});

describe('while the keys are unavailable', () => {
  const good = () => pair('ES256', 'one');
  const unusable: readonly (readonly [string, (server: KeyServer) => void])[] = [
    ['nobody listens', (server) => server.close()],
    ['the connection is cut', (server) => server.fail()],
    ['the answer is 500', (server) => server.answers((res) => res.writeHead(500).end('{"keys":[]}'))],
    ['the answer is a page', (server) => server.answers((res) => res.end('<html>captive portal</html>'))],
    ['the answer holds no keys', (server) => server.answers((res) => res.end('{"keys":"none"}'))],
    [
      'the answer leads elsewhere',
      (server) => server.answers((res) => res.writeHead(302, { location: '/other' }).end()),
    ],
    [
      'the response has more than 256 KB',
      (server) => server.answers((res) => res.end(documentOf(MAX_DOCUMENT_BYTES + 1))),
    ],
    ['the key is broken', (server) => server.publish({ kty: 'EC', crv: 'P-256', kid: 'one', x: 'AA', y: 'AA' })],
  ];

  test.each(unusable)('because %s, a join gets a retryable 503', async (_, spoil) => {
    spoil(keys);
    const answer = await join(await good());
    expect(problemOf(answer, 'storage-unavailable').detail).toContain('keys that verify access tokens');
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
  });

  test.each([
    ['no response arrives', () => undefined],
    ['a response does not end', (res: ServerResponse) => res.write('{"keys":[')],
  ])('because %s, a join gets 503 after 5 s', async (_, answer) => {
    const signer = await good();
    const asked = new Promise<void>((resolve) =>
      keys.answers((res) => {
        answer(res);
        resolve();
      }),
    );
    const answered = join(signer);
    await asked;
    await clock.advance(5_000);
    problemOf(await answered, 'storage-unavailable');
  });

  test('they are fetched at most once a second until that succeeds', async () => {
    const signer = await good();
    keys.fail();
    for (let time = 0; time < 5; time += 1) problemOf(await join(signer), 'storage-unavailable');
    expect(keys.asked).toBe(1);
    keys.publish(signer.jwk);
    await clock.advance(1_000);
    expect(await status(signer)).toBe(201);
  });

  test('known keys stay valid, however long', async () => {
    const signer = await good();
    keys.publish(signer.jwk);
    expect(await status(signer)).toBe(201);
    keys.fail();
    await clock.advance(3_600_000);
    expect([await status(signer), await status(signer)]).toEqual([201, 201]);
    problemOf(await join(await pair('ES256', 'new')), 'storage-unavailable');
  });

  test('the tokens of participants still work', async () => {
    const signer = await good();
    keys.publish(signer.jwk);
    const { body } = await join(signer);
    keys.fail();
    const { token } = body as { token: string };
    expect((await call(app, 'listParticipants', { roomId: 'lobby' }, { token })).status).toBe(200);
  });
});
