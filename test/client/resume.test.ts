import { beforeEach, describe, expect, test } from '@jest/globals';
import { joinRoom, type JoinOptions, type StorageLike } from '../../src/client/index.ts';
import { FakeStorage } from './support/fake-storage.ts';
import { batch, broken, forever, HostileServer, json, message, problem } from './support/hostile-server.ts';

let server: HostileServer;
let storage: FakeStorage;
let options: JoinOptions;
beforeEach(() => {
  server = new HostileServer();
  storage = new FakeStorage();
  options = { ...server.options, storage };
});

const bodies = (): unknown[] => server.all('join').map(({ body, headers }) => [body, headers.Authorization]);

describe('a reload', () => {
  test('resumes the mailbox: same participant, own token, stored cursor', async () => {
    server.script('poll', () => batch('c5', message('custom')), forever);
    const before = await joinRoom(options);
    before.on('message', () => undefined);
    await server.time.advance(1_000);
    expect(storage.kept).toEqual({ participantId: 'me', token: 'token1', cursor: 'c5' });

    server.on('join', () => json(201, server.joinResult({ resumed: true, cursor: 'c4' })));
    const after = await joinRoom(options);
    after.on('message', () => undefined);
    await server.time.advance(1_000);
    expect(after.resumed).toBe(true);
    expect(bodies()[1]).toEqual([{ participantId: 'me', resume: true }, 'Bearer token1']);
    expect(server.all('poll').at(-1)?.body.after).toBe('c5');
    expect(storage.kept).toEqual({ participantId: 'me', token: 'token2', cursor: 'c5' });
  });

  test('into a mailbox that has gone starts at the cursor of the new one', async () => {
    await joinRoom(options);
    server.on('join', () => json(201, server.joinResult({ resumed: false, cursor: 'n0' })));
    const after = await joinRoom(options);
    after.on('message', () => undefined);
    await server.time.advance(1_000);
    expect([after.resumed, server.all('poll').at(-1)?.body.after]).toEqual([false, 'n0']);
  });

  test.each([[401], [403], [409], [410]])(
    'with a token that is refused with %i enters like anybody else',
    async (status) => {
      await joinRoom({ ...options, participantId: undefined as never });
      server.script(
        'join',
        () => problem(status, 'whatever'),
        () => json(201, server.joinResult()),
      );
      await joinRoom({ ...options, participantId: undefined as never });
      expect(bodies().slice(1)).toEqual([
        [{ participantId: 'me', resume: true }, 'Bearer token1'],
        [{}, undefined],
      ]);
    },
  );

  test('after leaving finds nothing to resume', async () => {
    const mailbox = await joinRoom(options);
    await Promise.all([mailbox.leave(), server.time.advance(1_000)]);
    expect(storage.items.size).toBe(0);
  });

  test('as another participant does not resume the mailbox of the first one', async () => {
    await joinRoom(options);
    await joinRoom({ ...options, participantId: 'other' });
    expect(bodies()[1]).toEqual([{ participantId: 'other' }, undefined]);
  });

  test('leaving does not forget the mailbox of another tab', async () => {
    const mailbox = await joinRoom(options);
    const theirs = JSON.stringify({ participantId: 'me', token: 'theirs', cursor: 'c9' });
    for (const key of storage.items.keys()) storage.setItem(key, theirs);
    await Promise.all([mailbox.leave(), server.time.advance(1_000)]);
    expect(storage.kept).toEqual(JSON.parse(theirs));
  });

  test.each([['not JSON'], ['null'], ['{"token":1}'], ['[]']])('with a record "%s" joins anew', async (record) => {
    storage.getItem = () => record;
    const mailbox = await joinRoom(options);
    expect(mailbox.participantId).toBe('me');
  });

  test('works without a storage that is full, forbidden or slow', async () => {
    const refuse = (): never => {
      throw new Error('QuotaExceededError');
    };
    const broken: StorageLike = { getItem: refuse, setItem: refuse, removeItem: () => Promise.reject(new Error('no')) };
    const mailbox = await joinRoom({ ...options, storage: broken });
    await Promise.all([mailbox.leave(), server.time.advance(1_000)]);
    expect(server.count('leave')).toBe(1);
  });
});

describe('joining', () => {
  test('repeats a lost join under one idempotency key with the same text, whatever the app does to its metadata', async () => {
    const metadata = { mood: 'calm' };
    server.script(
      'join',
      broken,
      () => problem(503, 'shutting-down', { retryAfter: 1 }),
      () => json(201, server.joinResult()),
    );
    const joining = joinRoom({ ...options, metadata });
    await server.time.advance(0);
    metadata.mood = 'changed';
    await Promise.all([joining, server.time.advance(5_000)]);
    const [first, ...retries] = server.all('join').map(({ text, headers }) => [headers['Idempotency-Key'], text]);
    expect(first?.[1]).toContain('calm');
    expect(retries).toEqual([first, first]);
  });

  test('rejects at once for metadata that JSON cannot hold', async () => {
    await expect(joinRoom({ ...options, metadata: { count: 1n } })).rejects.toThrow(TypeError);
    expect(server.count('join')).toBe(0);
  });

  test('gives up after its time-out', async () => {
    server.on('join', broken);
    const joining = joinRoom({ ...options, joinTimeoutMs: 10_000 }).catch((error: unknown) => error);
    await server.time.advance(40_000);
    expect(await joining).toMatchObject({ name: 'HoldlineError', code: 'network' });
  });

  test("keeps to its time-out whatever the server asks for, and rejects with the server's last words", async () => {
    server.on('join', () => problem(429, 'rate-limited', { retryAfter: 50 }));
    const joining = joinRoom({ ...options, joinTimeoutMs: 2_000 }).catch((error: unknown) => error);
    await server.time.advance(2_000);
    expect(await joining).toMatchObject({ code: 'rate-limited', problem: { status: 429 } });
  });

  test('rejects at once for a refusal that no retry can mend', async () => {
    server.on('join', () => problem(409, 'room-full', { detail: 'The room has its 32 participants.' }));
    await expect(joinRoom(options)).rejects.toMatchObject({
      code: 'room-full',
      message: 'The room has its 32 participants.',
    });
  });

  test('can be aborted, while waiting and while asking', async () => {
    const abort = new AbortController();
    server.on('join', forever);
    const asking = joinRoom({ ...options, signal: abort.signal });
    await server.time.advance(100);
    abort.abort();
    await expect(asking).rejects.toMatchObject({ code: 'closed' });
    await expect(joinRoom({ ...options, signal: abort.signal })).rejects.toMatchObject({ code: 'closed' });
  });

  test('gets a fresh access token for every attempt, and survives a failure to get one', async () => {
    let minted = 0;
    const accessToken = (): Promise<string> => {
      minted += 1;
      return minted === 1 ? Promise.reject(new TypeError('fetch failed')) : Promise.resolve(`jwt${minted}`);
    };
    server.script('join', broken, () => json(201, server.joinResult()));
    await Promise.all([joinRoom({ ...options, accessToken }), server.time.advance(5_000)]);
    expect(server.all('join').map(({ headers }) => headers.Authorization)).toEqual(['Bearer jwt2', 'Bearer jwt3']);
  });

  test("can go through the app's own backend", async () => {
    const asked: unknown[] = [];
    const join: NonNullable<JoinOptions['join']> = (request) => {
      asked.push(request);
      return Promise.resolve(server.joinResult({ token: 'from-backend' }) as never);
    };
    const mailbox = await joinRoom({ ...options, displayName: 'Me', join });
    await Promise.all([mailbox.send({ type: 'custom' }), server.time.advance(100)]);
    expect(asked).toEqual([{ participantId: 'me', displayName: 'Me' }]);
    expect(server.all('send')[0]?.headers.Authorization).toBe('Bearer from-backend');
    expect(server.count('join')).toBe(0);
  });
});
