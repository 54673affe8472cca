import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { joinRoom, type HoldlineError } from '../../src/client/index.ts';
import { batch, broken, forever, html, json, problem, type HostileServer } from './support/hostile-server.ts';
import { endOf, RecordedClient } from './support/recorded-client.ts';

const MINUTE = 60_000;

let client: RecordedClient;
let server: HostileServer;
beforeEach(() => {
  client = new RecordedClient();
  ({ server } = client);
});

describe('an outage', () => {
  test('of some seconds is no error: the app sees `reconnecting` only', async () => {
    const mailbox = await client.listen();
    const states: string[] = [];
    mailbox.on('state', (state) => void states.push(state));
    server.on('poll', broken);
    await server.time.advance(30_000);
    server.on('poll', ({ body }) => (body.wait === 0 ? batch('c1') : forever()));
    await server.time.advance(20_000);
    expect(states).toEqual(['reconnecting', 'connected']);
    expect(client.errors).toEqual([]);
  });

  test('that lasts emits one error with what came instead of an answer, and another error when it happens again', async () => {
    await client.listen();
    const fails = () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }) });
    };
    for (const outage of [1, 2]) {
      server.on('poll', fails);
      await server.time.advance(5 * MINUTE);
      expect(client.errors).toHaveLength(outage);
      server.on('poll', forever);
      await server.time.advance(20_000);
      server.on('poll', () => batch('c1'));
      await server.time.advance(20_000);
    }
    expect(client.errors[0]).toMatchObject({
      code: 'network',
      message: 'pollMessages http://hostile: fetch failed: ECONNREFUSED',
      cause: { message: 'fetch failed' },
    });
  });

  test.each([
    ['a login page', () => html(200), 'answered with 200 text/html'],
    ['another web server', () => html(404), 'answered with 404 text/html'],
    [
      'another service',
      () => json(200, {}, { 'Content-Type': 'application/json' }),
      'answered with 200 application/json',
    ],
    ['a login in front of it', () => html(401), 'answered with 401 text/html, not by Holdline, but by a login'],
  ])('that %s causes emits an error at its second answer', async (_, answer, words) => {
    server.on('poll', answer);
    const mailbox = await client.listen();
    await server.time.advance(5_000);
    expect(mailbox.state).toBe('reconnecting');
    expect(client.errors.map(({ message: text }) => text)).toEqual([expect.stringContaining(words)]);
    await server.time.advance(10 * MINUTE);
    expect(client.errors).toHaveLength(1);
  });

  test('before the machine slept does not make the first failure after it an error', async () => {
    const mailbox = await client.listen();
    server.on('poll', async () => {
      await server.time.after(10);
      return broken();
    });
    await server.time.advance(30_000);
    await server.time.sleep(60 * MINUTE);
    await server.time.advance(1_000);
    expect([mailbox.state, client.errors]).toEqual(['reconnecting', []]);
  });

  test('is the cause of the rejected sends when the mailbox is closed meanwhile', async () => {
    server.on('poll', broken);
    server.on('send', broken);
    const mailbox = await client.listen();
    await server.time.advance(5_000);
    const sending = mailbox.send({ type: 'custom' }).catch((error: unknown) => error);
    await Promise.all([mailbox.close(), server.time.advance(MINUTE)]);
    expect(await sending).toMatchObject({ code: 'closed', cause: { code: 'network', message: /fetch failed/ } });
  });
});

describe('a request without retries', () => {
  test.each([
    ['refreshParticipants', 'participants', 'listParticipants'],
    ['fetchIceServers', 'ice-servers', 'getIceServers'],
  ] as const)('%s rejects with what came instead of an answer', async (method, operation, id) => {
    server.on(operation, () => html(502));
    const mailbox = await client.join();
    await expect(mailbox[method]()).rejects.toMatchObject({
      code: 'network',
      message: `${id} http://hostile: answered with 502 text/html, not by Holdline`,
      cause: { message: 'answered with 502 text/html, not by Holdline' },
    });
  });

  test('succeeds although the participant had to rejoin', async () => {
    server.script(
      'ice-servers',
      () => problem(410, 'participant-gone', { reason: 'timeout' }),
      () => json(200, { iceServers: [], ttlSeconds: 60 }),
    );
    const mailbox = await client.join();
    const [result] = await Promise.all([mailbox.fetchIceServers(), server.time.advance(2_000)]);
    expect(result.ttlSeconds).toBe(60);
  });
});

describe('a proxy that removes the credential', () => {
  const missing = (detail: string) => () =>
    problem(401, 'unauthenticated', { challenge: 'Bearer realm="holdline"', detail });
  const NEW = 'Send the `token`. The request carries no `Authorization` header.';
  const OLD = 'Send the `token`. This one is missing, unknown, or was replaced by a newer join.';

  test('from polls ends the mailbox with that as the reason, without another join', async () => {
    server.on('poll', missing(NEW));
    const mailbox = await client.listen();
    const end = endOf(mailbox);
    await server.time.advance(MINUTE);
    expect(await end).toMatchObject({
      reason: 'failed',
      error: { code: 'authorization-stripped', problem: { status: 401 } },
    });
    expect(server.count('join')).toBe(1);
    await expect(mailbox.send({ type: 'custom' })).rejects.toMatchObject({ code: 'authorization-stripped' });
  });

  test('from joins is named as the reason of the refusal', async () => {
    server.on(
      'join',
      missing(
        'Joining needs an access token as `Authorization: Bearer`. The request carries no `Authorization` header.',
      ),
    );
    await expect(client.join({ accessToken: 'jwt' })).rejects.toMatchObject({ code: 'authorization-stripped' });
    await expect(client.join()).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test.each([
    ['that a newer server refuses', 'Bearer realm="holdline", error="invalid_token"', OLD],
    ['that may not have arrived at an older server', 'Bearer realm="holdline"', OLD],
  ])('is not assumed for a token %s', async (_, challenge, detail) => {
    server.script('poll', () => problem(401, 'unauthenticated', { challenge, detail }), forever);
    const mailbox = await client.listen();
    await server.time.advance(10_000);
    expect([mailbox.state, server.count('join')]).toEqual(['connected', 2]);
  });
});

describe('the state of a mailbox', () => {
  test('is idle until the first listener, and connected as soon as its first poll is under way', async () => {
    server.on('poll', forever);
    const mailbox = await client.join();
    const states: string[] = [];
    mailbox.on('state', (state) => void states.push(state));
    expect(mailbox.state).toBe('idle');
    mailbox.on('message', () => undefined);
    expect([mailbox.state, server.count('poll')]).toEqual(['connected', 1]);
    await server.time.advance(20_000);
    expect(states).toEqual(['connected']);
  });
});

describe('joining', () => {
  test('calls onRetry with the reason of each failed attempt, and survives errors that it throws', async () => {
    const reasons: string[] = [];
    const onRetry = ({ code, message: text }: HoldlineError): void => {
      reasons.push(`${code}: ${text}`);
      throw new Error('a fault of the app');
    };
    server.script(
      'join',
      broken,
      () => html(404),
      () => problem(503, 'shutting-down', { retryAfter: 1, detail: 'The server shuts down.' }),
      () => json(201, server.joinResult()),
    );
    const log = jest.spyOn(console, 'error').mockReturnValue();
    await Promise.all([joinRoom({ ...server.options, onRetry }), server.time.advance(10_000)]);
    log.mockRestore();
    expect(reasons).toEqual([
      'network: joinRoom http://hostile: fetch failed',
      'network: joinRoom http://hostile: answered with 404 text/html, not by Holdline',
      'shutting-down: The server shuts down.',
    ]);
  });

  test('does not call onRetry once the app has aborted it', async () => {
    const abort = new AbortController();
    const reasons: unknown[] = [];
    server.on('join', forever);
    const joining = joinRoom({ ...server.options, signal: abort.signal, onRetry: (error) => reasons.push(error) });
    const end = expect(joining).rejects.toMatchObject({ code: 'closed' });
    await server.time.advance(100);
    abort.abort();
    await end;
    expect(reasons).toEqual([]);
  });

  test.each(['join', 'accessToken'] as const)('rejects with the error that the app throws in `%s`', async (name) => {
    const cause = new Error('no session');
    const joining = joinRoom({ ...server.options, [name]: () => Promise.reject(cause) }).catch(
      (error: unknown) => error,
    );
    await server.time.advance(40_000);
    expect(await joining).toMatchObject({ code: 'network', message: `${name}: no session`, cause });
  });
});
