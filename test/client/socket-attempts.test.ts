import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Mailbox } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { FakeStorage } from './support/fake-storage.ts';
import { broken } from './support/hostile-server.ts';
import { SocketClient } from './support/socket-client.ts';

const MINUTE = 60_000;

let client: SocketClient;
beforeEach(() => {
  client = new SocketClient();
});

const advance = (ms: number): Promise<void> => client.server.time.advance(ms);

/** Every socket is refused. */
function blockSockets(): void {
  client.sockets.accept = (socket) => queueMicrotask(() => socket.fail());
}

/** When sockets were opened, in seconds since the first one. */
function attempts(): number[] {
  const times = client.sockets.all.map(({ openedAtMs }) => openedAtMs / 1_000);
  return times.map((time) => time - Number(times[0]));
}

describe('attempts', () => {
  test('are made a minute apart, with up to half a minute of jitter', async () => {
    for (const random of [0, 0.5, 0.999]) {
      client = new SocketClient();
      blockSockets();
      await client.listen({ random: () => random });
      await advance(5 * MINUTE);
      const spacing = 60 + 30 * random;
      expect(attempts().map((seconds) => Math.round(seconds))).toEqual([0, spacing, 2 * spacing].map(Math.round));
    }
  });

  test('stop for half an hour after three in a row that proved nothing, then three more are made', async () => {
    blockSockets();
    await client.listen();
    await advance(30 * MINUTE);
    expect(client.sockets.all).toHaveLength(3);
    await advance(10 * MINUTE);
    expect(client.sockets.all).toHaveLength(6);
    expect(attempts()[3]).toBeGreaterThanOrEqual(150 + 30 * 60);
    await advance(20 * MINUTE);
    expect(client.sockets.all).toHaveLength(6);
  });

  test.each([
    ['opened', () => (client.sockets.answer = () => undefined)],
    ['did not open', blockSockets],
  ])('that %s count alike', async (_, fail) => {
    fail();
    await client.listen();
    await advance(30 * MINUTE);
    expect(client.sockets.all).toHaveLength(3);
  });

  test('count from the start again after one that proved itself', async () => {
    blockSockets();
    await client.listen();
    await advance(2 * MINUTE);
    expect(client.sockets.all).toHaveLength(2);
    const { accept } = new SocketClient().sockets;
    client.sockets.accept = accept;
    await advance(MINUTE);
    expect(client.changes).toHaveLength(1);
    client.sockets.last.end();
    blockSockets();
    await advance(10 * MINUTE);
    expect(client.sockets.all).toHaveLength(3 + 3);
  });

  test('do not count while polls fail, too: then it is not sockets that the network stops', async () => {
    blockSockets();
    client.server.on('poll', broken);
    await client.listen();
    await advance(10 * MINUTE);
    expect(client.sockets.all.length).toBeGreaterThan(6);
  });

  test('promote at most once a minute, although sockets close soon', async () => {
    client.sockets.answer = (socket, frame) => {
      void socket.conform(frame);
      if (frame.type === 'read') client.server.time.setTimeout(() => socket.end(), 500);
    };
    await client.listen();
    await advance(10 * MINUTE);
    const promotions = client.changes.filter(({ transport }) => transport === 'socket').length;
    expect(promotions).toBeGreaterThanOrEqual(6);
    expect(promotions).toBeLessThanOrEqual(10);
    expect(client.sockets.all).toHaveLength(promotions);
  });

  test('after a long reading are spread over half a minute', async () => {
    const { socket } = await client.promote({ random: () => 0.9 });
    for (let beat = 0; beat < 10; beat += 1) {
      await advance(20_000);
      socket.receiveBatch('c0');
    }
    socket.end();
    await advance(26_999);
    expect(client.sockets.all).toHaveLength(1);
    await advance(1);
    expect(client.sockets.all).toHaveLength(2);
  });

  test('do not follow every wake: an app that comes to the foreground again and again opens one a minute', async () => {
    const mailbox = await client.listen();
    await advance(1_000);
    for (let second = 0; second < 300; second += 1) {
      mailbox.wake();
      await advance(1_000);
    }
    expect(client.sockets.all.length).toBeLessThanOrEqual(5);
  });

  test('go on after the clock was set back', async () => {
    const { socket } = await client.promote();
    client.server.time.setBack(60 * MINUTE);
    socket.end();
    await advance(2 * MINUTE);
    expect(client.sockets.all).toHaveLength(2);
  });
});

describe('the memory of failures', () => {
  const KEY = 'holdline-socket:http://hostile';
  let storage: FakeStorage;
  let page: FakePage;
  beforeEach(() => {
    storage = new FakeStorage();
    page = new FakePage();
    page.open();
  });
  afterEach(() => page.close());

  /** A page of a new session, with the storage of the last one. */
  async function visit(ms: number): Promise<Mailbox> {
    const { time } = client.server;
    client = new SocketClient();
    await client.server.time.advance(time.now() - client.server.time.now());
    blockSockets();
    const [mailbox] = await Promise.all([client.listen({ storage }), advance(2_000)]);
    await advance(ms);
    await Promise.all([mailbox.close(), advance(3_000)]);
    return mailbox;
  }

  test('is a record beside the mailbox, and outlives a reload', async () => {
    await visit(3 * MINUTE);
    expect([...storage.items.keys()]).toEqual(['holdline:http://hostile:room', KEY]);
    expect(JSON.parse(String(storage.items.get(KEY)))).toMatchObject({ failures: 3 });
    await visit(20 * MINUTE);
    expect(client.sockets.all).toEqual([]);
    await visit(10 * MINUTE);
    expect(client.sockets.all.length).toBeGreaterThan(0);
  });

  test('counts over visits that are too short for three attempts', async () => {
    for (let visits = 0; visits < 3; visits += 1) await visit(1_000);
    await visit(MINUTE);
    expect(client.sockets.all).toEqual([]);
  });

  test('is not touched by a room that is called "socket"', async () => {
    storage.setItem(KEY, JSON.stringify({ failures: 3, failedAtMs: client.server.time.now() }));
    await client.listen({ storage, roomId: 'socket' });
    await advance(MINUTE);
    expect(JSON.parse(String(storage.items.get(KEY)))).toMatchObject({ failures: 3 });
  });

  test('ends when the network changes', async () => {
    blockSockets();
    await Promise.all([client.listen({ storage }), advance(4 * MINUTE)]);
    expect([client.sockets.all.length, storage.items.has(KEY)]).toEqual([3, true]);
    page.fire('online');
    await advance(MINUTE);
    expect(client.sockets.all).toHaveLength(4);
    expect(JSON.parse(String(storage.items.get(KEY)))).toMatchObject({ failures: 1 });
  });

  test('ends when a socket proves itself', async () => {
    storage.setItem(KEY, JSON.stringify({ failures: 2, failedAtMs: client.server.time.now() }));
    await Promise.all([client.listen({ storage }), advance(5_000)]);
    expect([client.changes.length, storage.items.has(KEY)]).toEqual([1, false]);
  });

  test.each([
    ['is old', { failures: 3, failedAtMs: 1_800_000_000_000 - 31 * MINUTE }],
    ['comes from the future', { failures: 3, failedAtMs: 1_800_000_000_000 + 31 * MINUTE }],
    ['is malformed', { failures: 'many' }],
    ['is no object', 7],
  ])('that %s is ignored', async (_, record) => {
    storage.setItem(KEY, JSON.stringify(record));
    await Promise.all([client.listen({ storage }), advance(5_000)]);
    expect(client.changes).toHaveLength(1);
  });

  test('is kept without a storage, and when the storage throws', async () => {
    const refuse = (): never => {
      throw new Error('QuotaExceededError');
    };
    for (const broken of [undefined, { getItem: refuse, setItem: refuse, removeItem: refuse }]) {
      client = new SocketClient();
      blockSockets();
      const options = broken ? { storage: broken } : {};
      await Promise.all([client.listen(options), advance(20 * MINUTE)]);
      expect([client.sockets.all.length, client.errors]).toEqual([3, []]);
    }
  });
});
