import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Call, joinRoom, type Mailbox, type OutgoingMessage } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { FakePeer } from './support/fake-peer.ts';
import { type Asked, batch, forever, HostileServer, message, problem } from './support/hostile-server.ts';

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

const offer: OutgoingMessage = { type: 'offer', to: 'a', payload: { type: 'offer', sdp: 'v=0' } };
const candidate = (text: string, to = 'a'): OutgoingMessage => ({
  type: 'candidate',
  to,
  payload: { candidate: text, sdpMid: '0' },
});

/** Rejections do not matter here. */
const send = (...messages: OutgoingMessage[]): void => {
  for (const one of messages) void mailbox.send(one).catch(() => undefined);
};

describe('candidates', () => {
  beforeEach(() => {
    server.on('send', server.acceptAfter(2));
    send(offer);
  });

  test('wait 10 ms for each other, and share a request', async () => {
    for (const text of ['c1', 'c2', 'c3']) {
      await server.time.advance(4);
      send(candidate(text));
    }
    await server.time.advance(20);
    send(candidate('c4'));
    await server.time.advance(20);
    expect(sends()).toEqual([
      [0, 'offer'],
      [14, 'c1', 'c2', 'c3'],
      [42, 'c4'],
    ]);
  });

  test('that are found while another request is under way share the next one', async () => {
    server.on('send', server.acceptAfter(40));
    await server.time.advance(2);
    send({ type: 'answer', to: 'b', payload: { type: 'answer', sdp: 'v=0' } });
    for (const text of ['c1', 'c2', 'c3']) {
      await server.time.advance(8);
      send(candidate(text, 'b'));
    }
    await server.time.advance(100);
    expect(sends().slice(2)).toEqual([[42, 'c1', 'c2', 'c3']]);
  });

  test.each<[string, OutgoingMessage, string]>([
    ['the end of candidates', candidate(''), ''],
    ['an offer that restarts ICE', offer, 'offer'],
    ['a message of the app', { type: 'custom', to: 'a' }, 'custom'],
    ['the end of the call', { type: 'hangup', to: 'a' }, 'hangup'],
  ])('go at once, and in their order, with %s', async (_, other, text) => {
    await server.time.advance(5);
    send(candidate('c1'), candidate('c2'));
    await server.time.advance(2);
    send(other);
    await server.time.advance(0);
    expect(sends()[1]).toEqual([7, 'c1', 'c2', text]);
  });

  test('delay neither a message to another participant nor one to everyone', async () => {
    await server.time.advance(5);
    send(candidate('c1'));
    await server.time.advance(2);
    send({ type: 'custom', to: 'b' }, { type: 'custom' });
    await server.time.advance(2);
    expect(sends().slice(1)).toEqual([
      [7, 'c1'],
      [7, 'custom'],
      [9, 'custom'],
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

  test('that are found while the participant waits for a message before it leaves go, too', async () => {
    server.on('send', server.acceptAfter(4));
    await server.time.advance(5);
    send({ type: 'custom', to: 'a' });
    const leaving = mailbox.leave();
    await server.time.advance(2);
    send(candidate('c1'));
    await server.time.advance(100);
    await leaving;
    expect(sends().slice(1)).toEqual([
      [5, 'custom'],
      [17, 'c1'],
    ]);
  });

  test('that wait when the mailbox ends are rejected', async () => {
    server.on('send', forever);
    const sending = mailbox.send(candidate('c1'));
    server.on('poll', () => problem(404, 'participant-gone', { reason: 'removed' }));
    mailbox.on('error', () => undefined);
    mailbox.on('message', () => undefined);
    await Promise.all([expect(sending).rejects.toMatchObject({ code: 'participant-gone' }), server.time.advance(5)]);
  });
});

describe('candidates of a call', () => {
  test('that are found while the description is being set are in its request', async () => {
    server.script('poll', () => batch('c1', message('accept', { callId: 'call' })), forever);
    const peerConnection = new FakePeer('me');
    const call = Call.invite(mailbox, { to: 'other', callId: 'call', peerConnection });
    // The descriptions of a fake peer take some turns.
    for (let turn = 0; turn < 20; turn += 1) await server.time.advance(1);
    expect(sends().slice(1)).toEqual([[expect.any(Number), 'offer', 'candidate:1 ufrag me1']]);
    call.hangUp();
  });

  test('that are found while the request of the description is under way go when it is answered', async () => {
    server.script('poll', () => batch('c1', message('accept', { callId: 'call' })), forever);
    server.script('send', server.acceptAfter(1), server.acceptAfter(40));
    const peerConnection = new FakePeer('me');
    const call = Call.invite(mailbox, { to: 'other', callId: 'call', peerConnection });
    for (let turn = 0; turn < 20; turn += 1) await server.time.advance(1);
    peerConnection.fire('icecandidate', { candidate: { candidate: 'candidate:2', sdpMid: '0' } });
    await server.time.advance(60);
    const [, offered, ...others] = sends();
    expect(others).toEqual([[Number(offered?.[0]) + 40, 'candidate:2']]);
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
    send(offer);
    await server.time.advance(5);
    send(candidate('c1'));
    await server.time.advance(1);
    stop();
    await server.time.advance(0);
    send(candidate('c2'));
    await server.time.advance(0);
    expect(sends().slice(1)).toEqual([
      [6, 'c1'],
      [6, 'c2'],
    ]);
    expect(server.all('send')[1]?.keepalive).toBe(true);
  });
});
