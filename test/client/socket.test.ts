import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { socket } from '../../src/client/socket.ts';
import { FakePage } from './support/fake-page.ts';
import { batch, forever, message } from './support/hostile-server.ts';
import { SocketClient } from './support/socket-client.ts';

let client: SocketClient;
beforeEach(() => {
  client = new SocketClient();
});

const advance = (ms: number): Promise<void> => client.server.time.advance(ms);

describe('a client with sockets', () => {
  test('polls at once, and opens a socket within a second', async () => {
    const mailbox = await client.listen();
    await advance(0);
    expect([client.polls, client.sockets.all]).toEqual([[['c0', 25]], []]);
    await advance(1_000);
    expect(client.sockets.all).toHaveLength(1);
    expect(mailbox.transport).toBe('poll');
  });

  test('opens none before it polls, or after it has ended', async () => {
    const mailbox = await client.join();
    await advance(60_000);
    expect(client.sockets.all).toEqual([]);
    mailbox.on('message', () => undefined);
    await Promise.all([mailbox.close(), advance(60_000)]);
    expect(client.sockets.all).toEqual([]);
  });

  test.each([
    ['http://hostile', 'ws://hostile/v1/rooms/room/messages/socket'],
    ['https://hostile/mount/', 'wss://hostile/mount/v1/rooms/room/messages/socket'],
  ])('opens it at %s: %s, with the subprotocol and without the token', async (baseUrl, url) => {
    await client.listen({ baseUrl });
    await advance(1_000);
    expect([client.sockets.last.url, client.sockets.last.protocol]).toEqual([url, 'holdline.v1']);
  });

  test('sends its token in the first frame only', async () => {
    const { socket } = await client.promote();
    expect(socket.sent[0]).toEqual({ type: 'hello', token: 'token1' });
    expect(JSON.stringify(socket.sent.slice(1)) + socket.url).not.toContain('token1');
  });

  test('reads through it after both echoes: from the handled cursor, and then gives up its poll', async () => {
    const one = message('custom');
    client.server.script(
      'poll',
      () => batch('c1', one),
      (_, signal) => {
        signal.addEventListener('abort', () => (client.abortedPolls += 1));
        return forever();
      },
    );
    const { mailbox, socket } = await client.promote();
    expect(socket.sentOf('read')).toEqual([{ type: 'read', id: '1', after: 'c1' }]);
    expect([mailbox.transport, client.abortedPolls]).toEqual(['socket', 1]);
    expect(client.changes).toEqual([{ transport: 'socket', reason: 'proven' }]);
    await advance(15_000);
    expect(client.server.count('poll')).toBe(2);
  });

  test('keeps its poll until the first batch is here', async () => {
    client.sockets.answer = (socket, frame) => {
      if (frame.type !== 'read') void socket.conform(frame);
    };
    const { mailbox, socket } = await client.promote();
    expect([socket.sentOf('read').length, client.abortedPolls, mailbox.transport]).toEqual([1, 0, 'poll']);
    socket.receiveBatch('c0');
    expect([client.abortedPolls, mailbox.transport]).toEqual([1, 'socket']);
  });

  test('reads once, although a network repeats the echoes', async () => {
    client.sockets.answer = (socket, frame) => {
      void socket.conform(frame);
      if (frame.type === 'probe') void socket.conform(frame);
    };
    const { socket } = await client.promote();
    expect(socket.sentOf('read')).toHaveLength(1);
  });

  test('uses the global WebSocket when none is handed in', async () => {
    const page = new FakePage();
    page.set('WebSocket', client.sockets.WebSocket);
    await client.listen({ transports: [socket()] });
    await advance(1_000);
    page.close();
    expect(client.sockets.all).toHaveLength(1);
  });

  test('polls where the runtime has no WebSocket', async () => {
    const page = new FakePage();
    page.set('WebSocket', undefined);
    const mailbox = await client.listen({ transports: [socket()] });
    await advance(600_000);
    page.close();
    expect([mailbox.transport, mailbox.state, client.errors]).toEqual(['poll', 'connected', []]);
  });
});

describe('in a page', () => {
  let page: FakePage;
  beforeEach(() => {
    page = new FakePage();
    page.open();
  });
  afterEach(() => page.close());

  test.each([
    ['', 'ws://app.example/v1/rooms/room/messages/socket'],
    ['/mount', 'ws://app.example/mount/v1/rooms/room/messages/socket'],
    ['//other.example', 'ws://other.example/v1/rooms/room/messages/socket'],
  ])('the relative base URL "%s" gives %s', async (baseUrl, url) => {
    await client.listen({ baseUrl });
    await advance(1_000);
    expect(client.sockets.last.url).toBe(url);
  });
});

describe('a socket that proves nothing', () => {
  test.each<[string, (client: SocketClient) => void]>([
    ['that never opens', ({ sockets }) => (sockets.accept = () => undefined)],
    ['that is refused', ({ sockets }) => (sockets.accept = (socket) => queueMicrotask(() => socket.fail()))],
    [
      'that the runtime refuses',
      ({ sockets }) =>
        (sockets.accept = () => {
          throw new Error('SecurityError');
        }),
    ],
    ['that is mute after 101', ({ sockets }) => (sockets.answer = () => undefined)],
    [
      'that is killed 300 ms after its welcome',
      ({ sockets, server }) => {
        sockets.answer = (socket, frame) => {
          void socket.conform(frame);
          if (frame.type === 'hello') server.time.setTimeout(() => socket.end(), 300);
        };
      },
    ],
    [
      'that echoes small frames only',
      ({ sockets }) => {
        sockets.answer = (socket, frame) => {
          if (frame.type === 'probe') socket.receive({ type: 'probe', data: frame.data });
          else void socket.conform(frame);
        };
      },
    ],
    [
      'that brings a shorter padding',
      ({ sockets }) => {
        sockets.answer = (socket, { type, data }) => {
          if (type === 'hello') socket.receive({ type: 'welcome' });
          for (const padding of [undefined, '.'.repeat(1_000)]) socket.receive({ type: 'probe', data, padding });
        };
      },
    ],
    [
      'that brings the padding alone',
      ({ sockets }) => {
        sockets.answer = (socket, { type, data }) => {
          if (type === 'hello') socket.receive({ type: 'welcome' });
          else socket.receive({ type: 'probe', data, padding: '.'.repeat(2_048) });
        };
      },
    ],
    [
      'that echoes something else',
      ({ sockets }) => {
        sockets.answer = (socket, frame) =>
          void socket.conform(frame.type === 'probe' ? { ...frame, data: 'x' } : frame);
      },
    ],
    [
      'that talks, but is no Holdline',
      ({ sockets }) => (sockets.answer = (socket) => socket.receive('<h1>hello</h1>')),
    ],
    ['that refuses the token', ({ sockets }) => (sockets.answer = (socket) => socket.receiveProblem('forbidden'))],
  ])('%s changes nothing: the poll stays, and it is closed within 10 s', async (_, behave) => {
    behave(client);
    const mailbox = await client.listen();
    await advance(11_000);
    expect([mailbox.transport, client.changes, client.errors]).toEqual(['poll', [], []]);
    expect([client.polls, client.abortedPolls]).toEqual([[['c0', 25]], 0]);
    expect(client.sockets.all.filter(({ readyState }) => readyState < 2)).toEqual([]);
    expect(JSON.stringify(client.sockets.all.map(({ sent }) => sent))).not.toContain('read');
  });
});
