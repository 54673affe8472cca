import { beforeEach, describe, expect, test } from '@jest/globals';
import { BadNetwork, type NetworkEvent } from '../../demo/call/bad-network.ts';
import type { FetchInit, FetchReply } from '../../src/client/index.ts';
import { batch, forever, HostileServer, json, message } from '../client/support/hostile-server.ts';
import { FakeSocket } from './support/fake-socket.ts';

const FAILED = 'TypeError: Failed to fetch';

let server: HostileServer;
let network: BadNetwork;
let events: NetworkEvent[];
beforeEach(() => {
  server = new HostileServer();
  network = new BadNetwork({ fetch: server.fetch, WebSocket: FakeSocket, timers: server.time });
  FakeSocket.opened.length = 0;
  events = [];
  network.on((event) => {
    if (event.kind !== 'poll-began') events.push(event);
  });
});

/** A socket of the client, with its events, and the page's own one, if it was opened. */
function openSocket() {
  const socket = new network.WebSocket('ws://hostile/', 'holdline.v1');
  const seen: string[] = [];
  socket.onopen = () => seen.push('open');
  socket.onmessage = ({ data }: MessageEvent) => seen.push(`message ${data}`);
  socket.onerror = () => seen.push('error');
  socket.onclose = () => seen.push('close');
  return { socket, seen, real: FakeSocket.opened.at(-1) };
}

interface Outcome {
  /** `200` and the text of the answer, or the error. */
  text: string;
  atMs: number;
}

/** Starts a request. Its outcome is filled in as the time passes. */
function ask(path: string, { body = '{"wait":25}', signal = new AbortController().signal } = {}): Outcome {
  const startedMs = server.time.now();
  const outcome = { text: 'under way', atMs: NaN };
  const end = (text: string): void => void Object.assign(outcome, { text, atMs: server.time.now() - startedMs });
  const init: FetchInit = { method: 'POST', headers: {}, body, signal, keepalive: false };
  network
    .fetch(`http://hostile/v1/rooms/room${path}`, init)
    .then(async (reply) => end(await textOf(reply)))
    .catch((error: unknown) => end(String(error)));
  return outcome;
}

const textOf = async (reply: FetchReply): Promise<string> => `${reply.status} ${await reply.text()}`;
const poll = (): Outcome => ask('/messages/poll');
const send = (): Outcome => ask('/messages/batch', { body: '{"messages":[1]}' });

/** Asks one after the other, each once the one before has ended. */
async function inTurn(...asks: readonly (() => Outcome)[]): Promise<string[]> {
  const texts: string[] = [];
  for (const start of asks) {
    const outcome = start();
    await server.time.advance(0);
    texts.push(outcome.text);
  }
  return texts;
}

describe('a network without faults', () => {
  test('passes requests, answers and the end of a request on', async () => {
    const abort = new AbortController();
    const [held, given] = [poll(), ask('/messages/poll', { signal: abort.signal })];
    await server.time.advance(3_000);
    abort.abort();
    await server.time.advance(30_000);
    expect(held).toEqual({ text: '200 {"messages":[],"cursor":"c0","more":false,"expired":0}', atMs: 24_250 });
    expect(given).toMatchObject({ atMs: 3_000 });
    expect(events).toEqual([]);
  });

  test('reports an answer that the server has repeated', async () => {
    server.on('send', () => json(201, {}, { 'Idempotency-Replayed': 'true' }));
    await inTurn(send);
    expect(events).toEqual([{ kind: 'answer-replayed' }]);
  });
});

describe('a network that cuts polls', () => {
  test('ends each poll after 5 s, at the server as well, and no other request', async () => {
    const gone: number[] = [];
    server.on('poll', (_, signal) => {
      signal.addEventListener('abort', () => gone.push(server.time.now()));
      return forever();
    });
    server.on('send', () => server.time.after(9_000).then(() => json(201)));
    network.switch('cut-polls', true);
    const [held, sent] = [poll(), send()];
    const cutMs = server.time.now() + 5_000;
    await server.time.advance(10_000);
    expect(held).toEqual({ text: FAILED, atMs: 5_000 });
    expect(gone).toEqual([cutMs]);
    expect(sent).toEqual({ text: '201 ', atMs: 9_000 });
  });

  test('ends a poll that is already under way: an older one at once, a younger one at 5 s', async () => {
    const older = poll();
    await server.time.advance(4_000);
    const younger = poll();
    await server.time.advance(3_000);
    network.switch('cut-polls', true);
    await server.time.advance(10_000);
    expect([older.atMs, younger.atMs]).toEqual([7_000, 5_000]);
  });

  test('lets a poll go on when it stops', async () => {
    network.switch('cut-polls', true);
    const held = poll();
    await server.time.advance(4_000);
    network.switch('cut-polls', false);
    await server.time.advance(30_000);
    expect(held.atMs).toBe(24_250);
    expect(events).toEqual([
      { kind: 'switched', fault: 'cut-polls', isOn: true },
      { kind: 'switched', fault: 'cut-polls', isOn: false },
    ]);
  });
});

describe('a network that loses answers', () => {
  test('loses every third one from then on, after the server has accepted the request', async () => {
    await inTurn(send);
    network.switch('lose-answers', true);
    const texts = await inTurn(send, send, send, send, send, send);
    expect(texts.map((text) => text === FAILED)).toEqual([false, false, true, false, false, true]);
    expect(server.count('send')).toBe(7);
    network.switch('lose-answers', false);
    expect(await inTurn(send, send, send)).not.toContain(FAILED);
  });

  test('names the messages that were in a lost answer', async () => {
    const [first, second] = [message('offer'), message('custom')];
    server.on('poll', () => batch('c1', first, second));
    network.switch('lose-answers', true);
    expect(await inTurn(send, send, poll)).toContain(FAILED);
    expect(events.slice(1)).toEqual([{ kind: 'answer-lost', operation: 'poll', messageIds: [first.id, second.id] }]);
  });

  test('also loses answers that are no batch', async () => {
    server.on('poll', () => json(502));
    network.switch('lose-answers', true);
    await inTurn(send, send, poll);
    expect(events.slice(1)).toEqual([{ kind: 'answer-lost', operation: 'poll', messageIds: [] }]);
  });
});

describe('an outage', () => {
  test('breaks every request under way', async () => {
    const held = poll();
    await server.time.advance(2_000);
    network.begin('offline');
    await server.time.advance(0);
    expect(held).toEqual({ text: FAILED, atMs: 2_000 });
  });

  test('by a captive portal answers with a login page for 5 s, without asking the server', async () => {
    network.begin('captive-portal');
    expect((await inTurn(send))[0]).toMatch(/^200 <!doctype html>/);
    await server.time.advance(4_999);
    expect((await inTurn(send))[0]).toMatch(/^200 <!doctype html>/);
    expect(server.asked).toEqual([]);
    await server.time.advance(1);
    expect((await inTurn(send))[0]).toMatch(/^201 /);
  });

  test('of the device lasts 10 s, in which every request fails', async () => {
    network.begin('offline');
    await server.time.advance(9_999);
    expect(await inTurn(send)).toEqual([FAILED]);
    expect(server.asked).toEqual([]);
    await server.time.advance(1);
    expect((await inTurn(send))[0]).toMatch(/^201 /);
    expect(events).toEqual([
      { kind: 'outage-began', outage: 'offline' },
      { kind: 'outage-ended', outage: 'offline' },
    ]);
  });

  test('takes the place of another one, with a time of its own', async () => {
    network.begin('offline');
    await server.time.advance(9_000);
    network.begin('captive-portal');
    await server.time.advance(4_999);
    expect((await inTurn(send))[0]).toMatch(/^200 <!doctype html>/);
    await server.time.advance(1);
    expect((await inTurn(send))[0]).toMatch(/^201 /);
    expect(events.map((event) => ('outage' in event ? `${event.kind} ${event.outage}` : event.kind))).toEqual([
      'outage-began offline',
      'outage-ended offline',
      'outage-began captive-portal',
      'outage-ended captive-portal',
    ]);
  });
});

describe('a socket', () => {
  test('passes everything on in both directions', async () => {
    const { socket, seen, real } = openSocket();
    expect([real?.url, real?.protocol]).toEqual(['ws://hostile/', 'holdline.v1']);
    real?.onopen?.(new Event('open'));
    real?.onmessage?.(new MessageEvent('message', { data: 'hi' }));
    socket.send('ho');
    real?.onclose?.(new Event('close'));
    expect(seen).toEqual(['open', 'message hi', 'close']);
    expect(real?.sent).toEqual(['ho']);
    expect(events).toEqual([{ kind: 'socket-opening' }]);
  });

  test('that is killed closes once, and passes nothing on afterwards', () => {
    const { socket, seen, real } = openSocket();
    network.killSockets();
    expect(real?.isClosed).toBe(true);
    socket.send('too late');
    real?.onmessage?.(new MessageEvent('message', { data: 'too late' }));
    real?.onclose?.(new Event('close'));
    expect([seen, real?.sent]).toEqual([['error', 'close'], []]);
    expect(events.slice(1)).toEqual([{ kind: 'sockets-killed', count: 1 }]);
    expect(openSocket().real).not.toBe(real);
  });

  test.each([
    ['the other end has closed', ({ real }: ReturnType<typeof openSocket>) => real?.onclose?.(new Event('close'))],
    ['the client has closed', ({ socket }: ReturnType<typeof openSocket>) => socket.close()],
  ])('that %s cannot be killed any more', (_, close) => {
    const opened = openSocket();
    close(opened);
    const before = [...opened.seen];
    network.killSockets();
    expect(opened.seen).toEqual(before);
    expect(events.slice(1)).toEqual([{ kind: 'sockets-killed', count: 0 }]);
  });

  test.each([
    ['blocked', () => network.switch('block-sockets', true)],
    ['offline', () => network.begin('offline')],
    ['behind a captive portal', () => network.begin('captive-portal')],
  ])(
    'is cut when it is %s, and a new one fails after its constructor has returned, without asking the server',
    async (_, begin) => {
      const open = openSocket();
      begin();
      expect(open.seen).toEqual(['error', 'close']);
      FakeSocket.opened.length = 0;
      const refused = openSocket();
      expect(refused.seen).toEqual([]);
      await server.time.advance(0);
      expect([refused.seen, refused.real]).toEqual([['error', 'close'], undefined]);
      expect(events.at(-1)).toEqual({ kind: 'socket-refused' });
      network.close();
      expect(openSocket().real).toBeDefined();
    },
  );
});

test('a network that is closed has no faults any more', async () => {
  network.switch('cut-polls', true);
  network.switch('lose-answers', true);
  network.begin('offline');
  network.close();
  const held = poll();
  expect(await inTurn(send, send, send)).not.toContain(FAILED);
  await server.time.advance(30_000);
  expect(held.atMs).toBe(24_250);
});
