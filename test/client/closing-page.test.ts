import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Call, joinRoom, type Mailbox, type OutgoingMessage } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { FakePeer } from './support/fake-peer.ts';
import { type Asked, broken, forever, HostileServer, json } from './support/hostile-server.ts';

let server: HostileServer;
let page: FakePage;
let mailbox: Mailbox;
beforeEach(async () => {
  page = new FakePage();
  page.open();
  server = new HostileServer();
  mailbox = await joinRoom(server.options);
  mailbox.on('error', () => undefined);
});
afterEach(async () => {
  server.on('send', () => json(500));
  await Promise.all([mailbox.close(), server.time.advance(10_000)]);
  page.close();
});

/** What can happen before the page is gone: promises go on, and no timer fires. */
const microtasks = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const closePage = async (): Promise<void> => {
  page.fire('pagehide', { persisted: false });
  await microtasks();
};

const note = (text: string, to = 'other'): OutgoingMessage => ({ type: 'custom', to, payload: text });

const textsOf = ({ body }: Asked): unknown[] =>
  (body.messages as { type: string; payload: unknown }[]).map(({ type, payload }) =>
    type === 'custom' ? payload : type,
  );

/** Rejections do not matter here. */
const send = (message: OutgoingMessage): void => void mailbox.send(message).catch(() => undefined);

const sends = () => server.all('send').map((asked) => [textsOf(asked), asked.keepalive]);

describe('a page that closes', () => {
  test('sends messages that wait behind another request at once, endings of calls first', async () => {
    server.on('send', forever);
    send(note('one'));
    await microtasks();
    send(note('two'));
    send({ type: 'hangup', to: 'other', payload: { reason: 'user_hangup' } });
    await closePage();
    expect(sends()).toEqual([
      [['one'], false],
      [['hangup'], true],
      [['two'], true],
    ]);
  });

  test('sends the messages of a pagehide listener that was added before the client', async () => {
    page.close();
    page.open();
    page.listen('pagehide', () => send(note('bye')));
    mailbox = await joinRoom(server.options);
    await closePage();
    expect(sends()).toEqual([[['bye'], true]]);
  });

  test('makes the next attempt of a send that pauses after a failure', async () => {
    server.script('send', broken, forever);
    send(note('offline'));
    await microtasks();
    await closePage();
    expect(sends()).toEqual([
      [['offline'], false],
      [['offline'], true],
    ]);
    expect(new Set(server.all('send').map(({ headers }) => headers['Idempotency-Key'])).size).toBe(1);
  });

  test.each([
    ['hangs up', 'accept', 'hangup'],
    ['takes its invite back', 'ringing', 'cancel'],
  ])('%s after %s', async (_, answer, farewell) => {
    const peerConnection = new FakePeer('me');
    const call = Call.invite(mailbox, { to: 'other', peerConnection, callId: 'c1' });
    server.script(
      'poll',
      () => json(200, { messages: [{ id: '1', from: 'other', type: answer, callId: 'c1' }], cursor: 'c1', expired: 0 }),
      forever,
    );
    await server.time.advance(100);
    await closePage();
    expect(call.state).toBe('ended');
    const last = server.all('send').filter((asked) => textsOf(asked).includes(farewell));
    expect(last.map(({ keepalive }) => keepalive)).toEqual([true]);
  });

  test('rejects a call that rings', async () => {
    const invite = { id: '1', from: 'other', type: 'invite', callId: 'c1', ageMs: 1 };
    server.script('poll', () => json(200, { messages: [invite], cursor: 'c1', expired: 0 }), forever);
    Call.onInvite(mailbox, () => undefined);
    await server.time.advance(100);
    await closePage();
    expect(sends().at(-1)).toEqual([['reject'], true]);
  });

  test.each([['before'], ['after']])('leaves the room in a pagehide listener that runs %s the client', async (when) => {
    server.on('send', forever);
    send(note('busy'));
    await microtasks();
    if (when === 'before') void mailbox.leave();
    page.fire('pagehide', { persisted: false });
    if (when === 'after') void mailbox.leave();
    await microtasks();
    expect(server.all('leave').map(({ path, keepalive }) => [path, keepalive])).toEqual([
      ['/participants/me/leave', true],
    ]);
    await server.time.advance(10_000);
  });

  test('acknowledges, and sends pending messages, when it closes its mailbox in a pagehide listener', async () => {
    server.on('send', forever);
    send(note('busy'));
    await microtasks();
    send(note('waiting'));
    page.fire('pagehide', { persisted: false });
    void mailbox.close();
    await microtasks();
    expect(sends().at(-1)).toEqual([['waiting'], true]);
    expect(server.all('ack').map(({ keepalive }) => keepalive)).toEqual([true, true]);
    expect(mailbox.state).toBe('ended');
  });
});

describe('a page that may come back', () => {
  test.each([
    ['enters the back-forward cache', () => page.fire('pagehide', { persisted: true })],
    ['is frozen', () => page.document.dispatchEvent(new Event('freeze'))],
  ])('and %s ends no call, and sends pending messages', async (_, hide) => {
    const call = Call.invite(mailbox, { to: 'other', peerConnection: new FakePeer('me') });
    await server.time.advance(100);
    server.on('send', forever);
    send(note('one'));
    await microtasks();
    send(note('two'));
    hide();
    await microtasks();
    expect(call.state).toBe('inviting');
    expect(sends().at(-1)).toEqual([['two'], true]);
  });

  test('sends in order again once it continues, as pages on iOS do after `pagehide`', async () => {
    await closePage();
    await server.time.advance(1_000);
    server.on('send', forever);
    send(note('one'));
    await microtasks();
    send(note('two'));
    await microtasks();
    expect(sends()).toEqual([[['one'], false]]);
  });
});

describe('a message that ends a call', () => {
  test.each([['hangup'], ['cancel'], ['reject']] as const)('%s outlives the page at any time', async (type) => {
    send({ type, to: 'other' });
    send(note('not this', 'somebody'));
    await microtasks();
    expect(sends()).toEqual([
      [[type], true],
      [['not this'], false],
    ]);
  });

  test('that a browser refuses to keep alive goes again at once without', async () => {
    server.on('send', ({ keepalive }) => (keepalive ? broken() : json(201, { receipts: [server.receipt()] })));
    const sending = mailbox.send({ type: 'hangup', to: 'other' });
    await microtasks();
    await expect(sending).resolves.toMatchObject({ id: 'receipt1' });
    expect(sends()).toEqual([
      [['hangup'], true],
      [['hangup'], false],
    ]);
  });
});
