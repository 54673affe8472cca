import { beforeEach, describe, expect, test } from '@jest/globals';
import { type JoinOptions } from '../../src/client/index.ts';
import { forever, html, json, problem, type HostileServer } from './support/hostile-server.ts';
import { endOf, RecordedClient } from './support/recorded-client.ts';

const MINUTE = 60_000;

let client: RecordedClient;
let server: HostileServer;
beforeEach(() => {
  client = new RecordedClient();
  ({ server } = client);
});

const codes = (): unknown[] => client.errors.map(({ code }) => code);

describe('joining again', () => {
  /** A participant whose time ran out, while joining is refused. */
  async function rejoining(answer: Parameters<HostileServer['on']>[1], options: Partial<JoinOptions> = {}) {
    server.on('join', () => json(201, server.joinResult()));
    server.script('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }), forever);
    const mailbox = await client.listen(options);
    server.on('join', answer);
    await server.time.advance(30_000);
    return mailbox;
  }

  test.each([
    ['a room that is full', () => problem(409, 'room-full'), 'room-full'],
    ['a store that is full', () => problem(503, 'storage-unavailable', { retryAfter: 1 }), 'storage-unavailable'],
    ['a rate limit', () => problem(429, 'rate-limited', { retryAfter: 1 }), 'rate-limited'],
    ['a proxy that answers 403', () => html(403), 'network'],
  ])('waits for %s, emits one error, and succeeds in the end', async (_, answer, code) => {
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

  test('waits for an access token function that fails, and emits its error', async () => {
    let isBroken = false;
    const accessToken = () => (isBroken ? Promise.reject(new Error('no session')) : Promise.resolve('jwt'));
    server.script('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }), forever);
    const mailbox = await client.listen({ accessToken });
    isBroken = true;
    await server.time.advance(30_000);
    expect(mailbox.state).toBe('reconnecting');
    expect(client.errors).toMatchObject([
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
    ['another participant of the same name', () => problem(409, 'participant-exists'), {}, 'taken-over'],
  ])('ends the mailbox for %s', async (_, answer, options, reason) => {
    server.script('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }), forever);
    const mailbox = await client.listen(options);
    server.on('join', answer);
    const end = endOf(mailbox);
    await server.time.advance(MINUTE);
    expect((await end).reason).toBe(reason);
    expect(server.count('join')).toBe(2);
  });

  test('ends with the answer that showed the takeover as the cause', async () => {
    server.on('poll', () =>
      problem(410, 'participant-gone', { reason: 'replaced', detail: 'A newer join replaced it.' }),
    );
    const mailbox = await client.listen();
    const end = endOf(mailbox);
    await server.time.advance(1_000);
    expect(await end).toMatchObject({
      error: { message: 'taken-over: A newer join replaced it.', cause: { code: 'participant-gone' } },
    });
  });
});
