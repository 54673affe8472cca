import { beforeEach, describe, expect, test } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { joinRoom, type JoinOptions, type Mailbox } from '../../src/client/index.ts';
import { FakeStorage } from './support/fake-storage.ts';
import { batch, broken, forever, HostileServer, json, message, problem } from './support/hostile-server.ts';

let server: HostileServer;
let storage: FakeStorage;
beforeEach(() => {
  server = new HostileServer();
  storage = new FakeStorage();
});

async function listening(more: Partial<JoinOptions> = {}): Promise<Mailbox> {
  const mailbox = await joinRoom({ ...server.options, storage, ...more });
  mailbox.on('message', () => undefined);
  return mailbox;
}

const timedOut = () => problem(410, 'participant-gone', { reason: 'timeout' });

describe('a mailbox in the middle of a batch', () => {
  async function endAtSecond(end: (mailbox: Mailbox) => Promise<void>): Promise<string[]> {
    const three = ['one', 'two', 'three'].map((id) => message('custom', { id }));
    server.script('poll', () => batch('c3', ...three), forever);
    const mailbox = await joinRoom({ ...server.options, storage });
    const handled: string[] = [];
    mailbox.on('message', async ({ id }) => {
      handled.push(id);
      if (id === 'two') await end(mailbox);
    });
    await server.time.advance(5_000);
    return handled;
  }

  test('keeps the whole batch for the next time when it closes', async () => {
    expect(await endAtSecond((mailbox) => mailbox.close())).toEqual(['one', 'two']);
    expect(storage.kept).toMatchObject({ cursor: 'c0' });
    expect(server.all('ack').map(({ body }) => body.cursor)).toEqual(['c0']);
  });

  test('keeps nothing when it leaves', async () => {
    expect(await endAtSecond((mailbox) => mailbox.leave())).toEqual(['one', 'two']);
    expect(storage.kept).toBeUndefined();
  });
});

describe('a participant whose time ran out, and who leaves', () => {
  test('between two attempts to rejoin makes no third attempt', async () => {
    server.on('poll', timedOut);
    const mailbox = await listening();
    server.on('join', broken);
    await server.time.advance(50);
    await Promise.all([mailbox.leave(), server.time.advance(60_000)]);
    expect(server.count('join')).toBe(2);
  });

  test('while rejoining leaves as the new participant, too', async () => {
    server.on('poll', timedOut);
    const mailbox = await listening();
    server.on('join', async () => {
      await server.time.after(1_000);
      return json(201, server.joinResult());
    });
    await server.time.advance(500);
    await Promise.all([mailbox.leave(), server.time.advance(60_000)]);
    const tokens = server.all('leave').map(({ headers }) => headers.Authorization);
    expect([server.count('join'), tokens.sort()]).toEqual([2, ['Bearer token1', 'Bearer token2']]);
    expect(storage.kept).toBeUndefined();
  });

  test('or closes while rejoining keeps the new mailbox', async () => {
    server.on('poll', timedOut);
    const mailbox = await listening();
    server.on('join', async () => {
      await server.time.after(1_000);
      return json(201, server.joinResult({ cursor: 'n0' }));
    });
    await server.time.advance(500);
    await Promise.all([mailbox.close(), server.time.advance(60_000)]);
    expect([server.count('leave'), storage.kept]).toMatchObject([0, { token: 'token2', cursor: 'n0' }]);
  });
});

test('the signal that aborts joining does not abort a rejoin', async () => {
  const abort = new AbortController();
  server.script('poll', timedOut, forever);
  const mailbox = await listening({ signal: abort.signal });
  abort.abort();
  await server.time.advance(20_000);
  expect([mailbox.state, server.count('join')]).toEqual(['connected', 2]);
});

test('the signal that aborts joining keeps nothing of a mailbox that has joined', async () => {
  const { signal } = new AbortController();
  await listening({ signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a network that is back is reported at once, not at the end of a poll', async () => {
  server.script('poll', broken, broken, ({ body }) => (body.wait === 0 ? batch('c0') : forever()));
  const mailbox = await listening();
  const states: string[] = [];
  mailbox.on('state', (state) => void states.push(state));
  await server.time.advance(3_000);
  expect(states).toEqual(['reconnecting', 'connected']);
});
