import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Call, joinRoom, type Mailbox, type OutgoingMessage } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { FakePeer } from './support/fake-peer.ts';
import { type Asked, batch, forever, HostileServer, json, message } from './support/hostile-server.ts';

let server: HostileServer;
let mailbox: Mailbox;
let startedMs: number;
beforeEach(async () => {
  server = new HostileServer();
  mailbox = await joinRoom(server.options);
  startedMs = server.time.now();
});

/** What each request of the mailbox sent, and when. */
const sends = (): [atMs: number, ...texts: string[]][] =>
  server.all('send').map((asked) => [asked.atMs - startedMs, ...textsOf(asked)]);

const textsOf = ({ body }: Asked): string[] =>
  (body.messages as { type: string; payload?: { candidate?: string } }[]).map(
    ({ type, payload }) => payload?.candidate ?? type,
  );

const description = (type: 'offer' | 'answer', to = 'a') =>
  ({ type, to, payload: { type, sdp: 'v=0' } }) as OutgoingMessage;
const candidate = (text: string, to = 'a'): OutgoingMessage => ({
  type: 'candidate',
  to,
  payload: { candidate: text, sdpMid: '0' },
});

/** Rejections do not matter here. */
const send = (...messages: OutgoingMessage[]): void => {
  for (const one of messages) void mailbox.send(one).catch(() => undefined);
};

const slowly =
  (ms: number) =>
  async ({ body }: Asked) => {
    await server.time.after(ms);
    return json(201, { receipts: (body.messages as unknown[]).map(() => server.receipt()) });
  };

describe.each(['offer', 'answer'] as const)('the first candidates after an %s', (type) => {
  beforeEach(() => {
    server.on('send', slowly(2));
    send(description(type));
  });

  test('wait until 30 ms after it, and share a request', async () => {
    for (const text of ['c1', 'c2', 'c3']) {
      await server.time.advance(5);
      send(candidate(text));
    }
    await server.time.advance(100);
    expect(sends()).toEqual([
      [0, type],
      [30, 'c1', 'c2', 'c3'],
    ]);
  });

  test('go as soon as it is stored, when that takes longer', async () => {
    server.on('send', slowly(80));
    await server.time.advance(2);
    send(description(type, 'b'));
    await server.time.advance(5);
    send(candidate('c1', 'b'));
    await server.time.advance(100);
    expect(sends()[2]).toEqual([82, 'c1']);
  });

  test('that come later go at once', async () => {
    await server.time.advance(40);
    send(candidate('c1'));
    await server.time.advance(10);
    send(candidate('c2'));
    await server.time.advance(0);
    expect(sends().slice(1)).toEqual([
      [40, 'c1'],
      [50, 'c2'],
    ]);
  });

  test.each<[string, OutgoingMessage, string]>([
    ['the end of candidates', candidate(''), ''],
    ['an offer that restarts ICE', description('offer'), 'offer'],
    ['an answer', description('answer'), 'answer'],
    ['a message of the app', { type: 'custom', to: 'a' }, 'custom'],
    ['the end of the call', { type: 'hangup', to: 'a' }, 'hangup'],
  ])('go at once, and in their order, with %s', async (_, other, text) => {
    await server.time.advance(5);
    send(candidate('c1'), candidate('c2'));
    await server.time.advance(5);
    send(other);
    await server.time.advance(0);
    expect(sends()[1]).toEqual([10, 'c1', 'c2', text]);
  });

  test('delay neither a message to another participant nor one to everyone', async () => {
    await server.time.advance(5);
    send(candidate('c1'));
    await server.time.advance(5);
    send({ type: 'custom', to: 'b' }, { type: 'custom' });
    await server.time.advance(2);
    expect(sends().slice(1)).toEqual([
      [10, 'custom'],
      [10, 'c1'],
      [12, 'custom'],
    ]);
  });

  test('go before the participant leaves, at once', async () => {
    await server.time.advance(5);
    send(candidate('c1'));
    await server.time.advance(1);
    const leaving = mailbox.leave();
    await server.time.advance(10);
    await leaving;
    expect(sends()[1]).toEqual([6, 'c1']);
    expect(server.all('leave').map(({ atMs }) => atMs - startedMs)).toEqual([8]);
  });
});

describe('candidates', () => {
  test('that follow no description go at once', async () => {
    send({ type: 'accept', to: 'a' });
    await server.time.advance(5);
    send(candidate('c1'));
    await server.time.advance(0);
    expect(sends()[1]).toEqual([5, 'c1']);
  });

  test('that are found while the description is being set are in its request', async () => {
    server.script('poll', () => batch('c1', message('accept', { callId: 'call' })), forever);
    const peerConnection = new FakePeer('me');
    const call = Call.invite(mailbox, { to: 'other', callId: 'call', peerConnection });
    // The descriptions of a fake peer take some turns.
    for (let turn = 0; turn < 20; turn += 1) await server.time.advance(1);
    expect(sends().slice(1)).toEqual([[expect.any(Number), 'offer', 'candidate:1 ufrag me1']]);
    call.hangUp();
  });
});

describe('a page that is hidden', () => {
  let page: FakePage;
  beforeEach(async () => {
    page = new FakePage();
    page.open();
    mailbox = await joinRoom(server.options);
    mailbox.on('error', () => undefined);
  });
  afterEach(async () => {
    await Promise.all([mailbox.close(), server.time.advance(10_000)]);
    page.close();
  });

  test.each([
    ['pagehide', () => page.fire('pagehide', { persisted: true })],
    ['freeze', () => page.document.dispatchEvent(new Event('freeze'))],
  ])('sends the candidates that wait at once, at %s', async (_, stop) => {
    send(description('offer'));
    await server.time.advance(5);
    send(candidate('c1'));
    await server.time.advance(1);
    stop();
    await server.time.advance(0);
    expect(sends()[1]).toEqual([6, 'c1']);
    expect(server.all('send')[1]?.keepalive).toBe(true);
  });
});
