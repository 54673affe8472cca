import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { joinRoom, type HoldlineError, type JoinOptions, type Mailbox } from '../../src/client/index.ts';
import { batch, broken, HostileServer, html, json, problem } from './support/hostile-server.ts';

const MINUTE = 60_000;
const forever = () => new Promise<never>(() => undefined);

let server: HostileServer;
let errors: HoldlineError[];
beforeEach(() => {
  server = new HostileServer();
  errors = [];
});

async function joined(options: Partial<JoinOptions> = {}): Promise<Mailbox> {
  const mailbox = await joinRoom({ ...server.options, ...options });
  mailbox.on('error', (error) => void errors.push(error));
  return mailbox;
}

async function listening(options: Partial<JoinOptions> = {}): Promise<Mailbox> {
  const mailbox = await joined(options);
  mailbox.on('message', () => undefined);
  return mailbox;
}

const endOf = (mailbox: Mailbox) =>
  new Promise<{ reason: string; error: HoldlineError }>((resolve) => void mailbox.on('ended', resolve));

const codes = (): unknown[] => errors.map(({ code }) => code);

describe('an outage', () => {
  test('of some seconds is no error: the app sees `reconnecting` only', async () => {
    const mailbox = await listening();
    const states: string[] = [];
    mailbox.on('state', (state) => void states.push(state));
    server.on('poll', broken);
    await server.time.advance(30_000);
    server.on('poll', ({ body }) => (body.wait === 0 ? batch('c1') : forever()));
    await server.time.advance(20_000);
    expect(states).toEqual(['reconnecting', 'connected']);
    expect(errors).toEqual([]);
  });

  test('that lasts is told once, with what came instead of an answer, and again when it comes back', async () => {
    await listening();
    const fails = () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }) });
    };
    for (const outage of [1, 2]) {
      server.on('poll', fails);
      await server.time.advance(5 * MINUTE);
      expect(errors).toHaveLength(outage);
      server.on('poll', forever);
      await server.time.advance(20_000);
      server.on('poll', () => batch('c1'));
      await server.time.advance(20_000);
    }
    expect(errors[0]).toMatchObject({
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
  ])('that %s causes is told at its second answer', async (_, answer, words) => {
    server.on('poll', answer);
    const mailbox = await listening();
    await server.time.advance(5_000);
    expect(mailbox.state).toBe('reconnecting');
    expect(errors.map(({ message: text }) => text)).toEqual([expect.stringContaining(words)]);
    await server.time.advance(10 * MINUTE);
    expect(errors).toHaveLength(1);
  });

  test('before the machine slept does not make the first failure after it an error', async () => {
    const mailbox = await listening();
    server.on('poll', async () => {
      await server.time.after(10);
      return broken();
    });
    await server.time.advance(30_000);
    await server.time.sleep(60 * MINUTE);
    await server.time.advance(1_000);
    expect([mailbox.state, errors]).toEqual(['reconnecting', []]);
  });

  test('is the cause of what is rejected when the mailbox is closed meanwhile', async () => {
    server.on('poll', broken);
    server.on('send', broken);
    const mailbox = await listening();
    await server.time.advance(5_000);
    const sending = mailbox.send({ type: 'custom' }).catch((error: unknown) => error);
    await Promise.all([mailbox.close(), server.time.advance(MINUTE)]);
    expect(await sending).toMatchObject({ code: 'closed', cause: { code: 'network', message: /fetch failed/ } });
  });
});

describe('a message that is not stored', () => {
  test('in its lifetime is rejected with the last failure as the cause', async () => {
    server.on('send', () => problem(429, 'mailbox-full', { retryAfter: 2, detail: 'The mailbox is full.' }));
    const mailbox = await joined();
    const sending = mailbox.send({ type: 'custom', to: 'a', ttlSeconds: 5 }).catch((error: unknown) => error);
    await server.time.advance(10_000);
    expect(await sending).toMatchObject({ code: 'lifetime-over', cause: { code: 'mailbox-full' } });
    expect((await sending) as HoldlineError).toHaveProperty('message', 'lifetime-over: The mailbox is full.');
  });

  test.each([400, 403, 404, 413, 451])(
    'because a proxy answers %i three times, while a poll is held, is rejected as proxy-refused in seconds',
    async (status) => {
      server.on('poll', forever);
      server.on('send', () => html(status));
      const mailbox = await listening();
      const sending = mailbox.send({ type: 'custom', to: 'a' }).catch((error: unknown) => error);
      await server.time.advance(5_000);
      const words = `proxy-refused: sendMessages http://hostile: answered with ${status} text/html, not by Holdline`;
      expect(await sending).toMatchObject({ code: 'proxy-refused', message: words });
      expect(server.count('send')).toBe(3);
      expect(errors).toHaveLength(1);
    },
  );

  test('with others in a batch that is too large for a proxy goes out alone, in order', async () => {
    const payloads = ({ body }: { body: Readonly<Record<string, unknown>> }) =>
      (body.messages as { payload: unknown }[]).map(({ payload }) => payload);
    const stored: unknown[] = [];
    server.on('send', (asked) => {
      const sent = payloads(asked);
      if (sent.length > 1 || sent.includes('huge')) return html(413);
      stored.push(...sent);
      return json(201, { receipts: [server.receipt()] });
    });
    const mailbox = await listening();
    const sending = Promise.allSettled(
      ['1', 'huge', '2'].map((payload) => mailbox.send({ type: 'custom', to: 'a', payload })),
    );
    await server.time.advance(10_000);
    expect((await sending).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(stored).toEqual(['1', '2']);
  });

  test('because of a captive portal, which answers polls as well, is sent when the user has logged in', async () => {
    server.on('poll', () => html(403));
    server.on('send', () => html(403));
    server.on('ack', () => html(403));
    const mailbox = await listening();
    const sending = mailbox.send({ type: 'custom', to: 'a' });
    await server.time.advance(MINUTE);
    server.on('poll', forever);
    server.on('send', () => json(201, { receipts: [server.receipt()] }));
    await server.time.advance(10_000);
    expect(await sending).toHaveProperty('id');
    expect(errors).toHaveLength(1);
  });

  test('because of a portal that appears while a poll is held goes on as well: the held poll proves nothing', async () => {
    server.on('poll', forever);
    server.on('ack', () => html(403));
    server.on('send', () => html(403));
    const mailbox = await listening();
    const sending = mailbox.send({ type: 'custom', to: 'a' });
    await server.time.advance(20_000);
    server.on('send', () => json(201, { receipts: [server.receipt()] }));
    await server.time.advance(10_000);
    expect(await sending).toHaveProperty('id');
  });

  test.each([200, 401, 407, 408, 425, 429, 500, 502, 503, 504])(
    'because something answers it %i is tried again until it is',
    async (status) => {
      server.on('poll', forever);
      server.on('send', () => html(status));
      const mailbox = await listening();
      const sending = mailbox.send({ type: 'custom', to: 'a' });
      await server.time.advance(30_000);
      server.on('send', () => json(201, { receipts: [server.receipt()] }));
      await server.time.advance(6_000);
      expect(await sending).toHaveProperty('id');
      expect(errors).toHaveLength(1);
    },
  );

  test('is not sent again before the time that a proxy asks for', async () => {
    server.script(
      'send',
      () => html(503, { 'Retry-After': '7' }),
      () => json(201, { receipts: [server.receipt()] }),
    );
    const mailbox = await joined();
    const sending = mailbox.send({ type: 'custom', to: 'a' });
    await server.time.advance(6_900);
    expect(server.count('send')).toBe(1);
    await server.time.advance(1_100);
    expect(await sending).toHaveProperty('id');
  });
});

describe('what is asked once', () => {
  test.each([
    ['refreshParticipants', 'participants', 'listParticipants'],
    ['fetchIceServers', 'ice-servers', 'getIceServers'],
  ] as const)('%s is rejected with what came instead', async (method, operation, id) => {
    server.on(operation, () => html(502));
    const mailbox = await joined();
    await expect(mailbox[method]()).rejects.toMatchObject({
      code: 'network',
      message: `${id} http://hostile: answered with 502 text/html, not by Holdline`,
      cause: { message: 'answered with 502 text/html, not by Holdline' },
    });
  });

  test('is answered although the participant had to join again for it', async () => {
    server.script(
      'ice-servers',
      () => problem(410, 'participant-gone', { reason: 'timeout' }),
      () => json(200, { iceServers: [], ttlSeconds: 60 }),
    );
    const mailbox = await joined();
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
    const mailbox = await listening();
    const end = endOf(mailbox);
    await server.time.advance(MINUTE);
    expect(await end).toMatchObject({
      reason: 'failed',
      error: { code: 'authorization-stripped', problem: { status: 401 } },
    });
    expect(server.count('join')).toBe(1);
    await expect(mailbox.send({ type: 'custom' })).rejects.toMatchObject({ code: 'authorization-stripped' });
  });

  test('from joins is the reason why they are refused', async () => {
    server.on(
      'join',
      missing(
        'Joining needs an access token as `Authorization: Bearer`. The request carries no `Authorization` header.',
      ),
    );
    await expect(joined({ accessToken: 'jwt' })).rejects.toMatchObject({ code: 'authorization-stripped' });
    await expect(joined()).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test.each([
    ['that a newer server refuses', 'Bearer realm="holdline", error="invalid_token"', OLD],
    ['of which an older server does not tell whether it arrived', 'Bearer realm="holdline"', OLD],
  ])('is not concluded from a token %s', async (_, challenge, detail) => {
    server.script('poll', () => problem(401, 'unauthenticated', { challenge, detail }), forever);
    const mailbox = await listening();
    await server.time.advance(10_000);
    expect([mailbox.state, server.count('join')]).toEqual(['connected', 2]);
  });
});

describe('joining again', () => {
  /** A participant whose time ran out, while joining is refused. */
  async function rejoining(answer: Parameters<HostileServer['on']>[1], options: Partial<JoinOptions> = {}) {
    server.on('join', () => json(201, server.joinResult()));
    server.script('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }), forever);
    const mailbox = await listening(options);
    server.on('join', answer);
    await server.time.advance(30_000);
    return mailbox;
  }

  test.each([
    ['a room that is full', () => problem(409, 'room-full'), 'room-full'],
    ['a store that is full', () => problem(503, 'storage-unavailable', { retryAfter: 1 }), 'storage-unavailable'],
    ['a rate limit', () => problem(429, 'rate-limited', { retryAfter: 1 }), 'rate-limited'],
    ['a proxy that answers 403', () => html(403), 'network'],
  ])('waits for %s, tells it once, and succeeds in the end', async (_, answer, code) => {
    const mailbox = await rejoining(answer);
    expect([mailbox.state, codes()]).toEqual(['reconnecting', [code]]);
    server.on('join', () => json(201, server.joinResult()));
    await server.time.advance(6_000);
    expect([mailbox.state, codes()]).toEqual(['connected', [code]]);
  });

  test.each([
    [401, 'unauthenticated'],
    [403, 'forbidden'],
  ])('asks an access token function again when the server answers %i %s', async (status, code) => {
    let minted = 0;
    const accessToken = () => Promise.resolve(`jwt${(minted += 1)}`);
    const mailbox = await rejoining(() => problem(status, code), { accessToken });
    expect([mailbox.state, codes()]).toEqual(['reconnecting', [code]]);
    expect(minted).toBeGreaterThan(3);
    server.on('join', () => json(201, server.joinResult()));
    await server.time.advance(6_000);
    expect(mailbox.state).toBe('connected');
  });

  test('waits for an access token function that fails, and tells its error', async () => {
    let isBroken = false;
    const accessToken = () => (isBroken ? Promise.reject(new Error('no session')) : Promise.resolve('jwt'));
    server.script('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }), forever);
    const mailbox = await listening({ accessToken });
    isBroken = true;
    await server.time.advance(30_000);
    expect(mailbox.state).toBe('reconnecting');
    expect(errors).toMatchObject([
      { code: 'network', message: 'accessToken: no session', cause: { message: 'no session' } },
    ]);
    isBroken = false;
    await server.time.advance(6_000);
    expect(mailbox.state).toBe('connected');
  });

  test.each([
    ['a fixed access token that is refused', () => problem(401, 'unauthenticated'), { accessToken: 'jwt' }, 'failed'],
    ['a fixed access token of another room', () => problem(403, 'forbidden'), { accessToken: 'jwt' }, 'failed'],
    ['a request that is wrong', () => problem(400, 'invalid-request'), {}, 'failed'],
    ['a service that is not there', () => problem(404, 'not-found'), {}, 'failed'],
    ['somebody of the same name', () => problem(409, 'participant-exists'), {}, 'taken-over'],
  ])('ends the mailbox for %s', async (_, answer, options, reason) => {
    server.script('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }), forever);
    const mailbox = await listening(options);
    server.on('join', answer);
    const end = endOf(mailbox);
    await server.time.advance(MINUTE);
    expect((await end).reason).toBe(reason);
    expect(server.count('join')).toBe(2);
  });

  test('tells by its cause how it showed that somebody took over', async () => {
    server.on('poll', () =>
      problem(410, 'participant-gone', { reason: 'replaced', detail: 'A newer join replaced it.' }),
    );
    const mailbox = await listening();
    const end = endOf(mailbox);
    await server.time.advance(1_000);
    expect(await end).toMatchObject({
      error: { message: 'taken-over: A newer join replaced it.', cause: { code: 'participant-gone' } },
    });
  });
});

describe('the state of a mailbox', () => {
  test('is idle until somebody listens, and connected as soon as its first poll is out', async () => {
    server.on('poll', forever);
    const mailbox = await joined();
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
  test('tells of each attempt that failed and why, and what the app throws then disturbs nothing', async () => {
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

  test('is not told to an app that has aborted it', async () => {
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

  test.each(['join', 'accessToken'] as const)('rejects with what the function `%s` of the app throws', async (name) => {
    const cause = new Error('no session');
    const joining = joinRoom({ ...server.options, [name]: () => Promise.reject(cause) }).catch(
      (error: unknown) => error,
    );
    await server.time.advance(40_000);
    expect(await joining).toMatchObject({ code: 'network', message: `${name}: no session`, cause });
  });
});
