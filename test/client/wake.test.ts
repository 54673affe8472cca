import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { joinRoom, type Mailbox } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { batch, broken, forever, HostileServer, message } from './support/hostile-server.ts';

let server: HostileServer;
let page: FakePage;
let mailbox: Mailbox;
beforeEach(async () => {
  page = new FakePage();
  page.open();
  server = new HostileServer();
  mailbox = await joinRoom(server.options);
});
afterEach(async () => {
  await Promise.all([mailbox.close(), server.time.advance(10_000)]);
  page.close();
});

/** Begins to poll, and lets a second pass. */
async function listen(): Promise<void> {
  mailbox.on('message', () => undefined);
  await server.time.advance(1_000);
}

describe('a client that waits', () => {
  test('polls at once after `online`, and forgets what it learned about the network before', async () => {
    server.on('poll', async () => {
      await server.time.after(5_000);
      return broken();
    });
    await listen();
    await server.time.advance(15_000);
    expect(mailbox.waitSeconds).toBe(4);
    const polls = server.count('poll');
    page.fire('online');
    await server.time.advance(0);
    expect(server.count('poll')).toBe(polls + 1);
    expect(server.all('poll').at(-1)?.body.wait).toBe(25);
  });

  test('does not wait for its back-off to end when the page is shown', async () => {
    server.on('poll', broken);
    await listen();
    await server.time.advance(60_000);
    const polls = server.count('poll');
    page.show('visible');
    await server.time.advance(0);
    expect(server.count('poll')).toBe(polls + 1);
  });

  test('is connected as soon as the network is back, although no message comes', async () => {
    server.on('poll', broken);
    await listen();
    await server.time.advance(60_000);
    expect(mailbox.state).toBe('reconnecting');
    server.on('poll', ({ body }) => (body.wait === 0 ? batch('c0') : forever()));
    page.fire('online');
    await server.time.advance(0);
    expect(mailbox.state).toBe('connected');
  });

  test('replaces a held poll when the page comes back from the back-forward cache', async () => {
    server.on('poll', forever);
    await listen();
    page.fire('pageshow');
    await server.time.advance(0);
    expect(server.count('poll')).toBe(2);
  });

  test('keeps its held poll when a page is hidden for a moment, and replaces it after a long while', async () => {
    server.on('poll', forever);
    await listen();
    page.show('hidden');
    await server.time.advance(3_000);
    page.show('visible');
    await server.time.advance(0);
    expect(server.count('poll')).toBe(1);
    page.show('hidden');
    await server.time.advance(20_000);
    expect(server.count('poll')).toBe(1);
    page.show('visible');
    await server.time.advance(0);
    expect(server.count('poll')).toBe(2);
  });

  test('polls within 5 s after the machine slept', async () => {
    server.on('poll', forever);
    await listen();
    await server.time.sleep(600_000);
    await server.time.advance(0);
    expect(server.count('poll')).toBe(2);
  });

  test('does not spin when events come without end', async () => {
    server.on('poll', broken);
    await listen();
    for (let second = 0; second < 60; second += 1) {
      for (let time = 0; time < 50; time += 1) page.fire('online');
      await server.time.advance(1_000);
    }
    expect(server.count('poll')).toBeLessThanOrEqual(50 + 5 * 60 + 10);
  });
});

describe('a page that is hidden or closed', () => {
  test('acknowledges handled messages in a request that outlives it, and does not leave the room', async () => {
    server.script('poll', () => batch('c3', message('custom')), forever);
    await listen();
    page.fire('pagehide');
    await server.time.advance(1_000);
    expect(server.all('ack').map(({ body }) => body)).toEqual([{ cursor: 'c3' }]);
    expect(server.keptAlive).toEqual(['ack']);
    expect(server.count('leave')).toBe(0);
  });
});
