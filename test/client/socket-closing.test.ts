import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakePage } from './support/fake-page.ts';
import type { FakeSocket } from './support/fake-socket.ts';
import { json, message, problem } from './support/hostile-server.ts';
import { SocketClient } from './support/socket-client.ts';

let client: SocketClient;
beforeEach(() => {
  client = new SocketClient();
});

const advance = (ms: number): Promise<void> => client.server.time.advance(ms);

/** The polls since the promotion, and why it ended. */
const afterwards = () => ({ polls: client.polls.slice(1), reason: client.changes.at(-1)?.reason });

const isClosed = (socket: FakeSocket): boolean => socket.readyState >= 2;

describe('the client closes its socket', () => {
  let page: FakePage;
  beforeEach(() => {
    page = new FakePage();
    page.open();
  });
  afterEach(() => page.close());

  test.each([
    ['pagehide', () => page.fire('pagehide', { persisted: true })],
    ['pagehide for good', () => page.fire('pagehide', { persisted: false })],
    ['freeze', () => page.document.dispatchEvent(new Event('freeze'))],
    ['online', () => page.fire('online')],
    ['pageshow', () => page.fire('pageshow', { persisted: true })],
  ])('on %s', async (_, happen) => {
    const { socket } = await client.promote();
    happen();
    expect(isClosed(socket)).toBe(true);
  });

  test('on freeze, and polls when the page continues an hour later', async () => {
    const { socket } = await client.promote();
    page.document.dispatchEvent(new Event('freeze'));
    await client.server.time.sleep(3_600_000);
    page.document.dispatchEvent(new Event('resume'));
    await advance(0);
    expect([afterwards().polls[0], isClosed(socket)]).toEqual([['c0', 0], true]);
  });

  test('when it ends, and a late frame changes nothing', async () => {
    const { mailbox, socket } = await client.promote();
    await Promise.all([mailbox.leave(), advance(3_000)]);
    socket.receiveBatch('c1', [message('custom')]);
    await advance(60_000);
    expect([isClosed(socket), client.received, client.sockets.all.length]).toEqual([true, [], 1]);
    expect(client.changes).toHaveLength(1);
  });

  test('when its participant joins again: it reads the former mailbox', async () => {
    const { mailbox, socket } = await client.promote();
    const { server } = client;
    server.script(
      'send',
      () => problem(401, 'unauthenticated'),
      () => json(201, { receipts: [server.receipt()] }),
    );
    server.on('join', () => json(201, server.joinResult({ cursor: 'n0' })));
    await Promise.all([mailbox.send({ type: 'custom' }), advance(3_000)]);
    socket.receiveBatch('c1', [message('custom')]);
    expect([isClosed(socket), client.received]).toEqual([true, []]);
    expect(afterwards()).toEqual({
      polls: [
        ['n0', 0],
        ['n0', 25],
      ],
      reason: 'rejoined',
    });
  });
});
