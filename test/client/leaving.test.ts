import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Mailbox } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { forever, type HostileServer, json, problem } from './support/hostile-server.ts';
import { RecordedClient } from './support/recorded-client.ts';

let client: RecordedClient;
let server: HostileServer;
/** What happened, in order. */
let events: string[];
beforeEach(() => {
  client = new RecordedClient();
  ({ server } = client);
  events = [];
});

/** The server answers a held poll when its participant leaves, this much later than the leave itself. */
function answerPollAfter(delayMs: number): void {
  let left = (): void => undefined;
  const leaving = new Promise<void>((resolve) => (left = resolve));
  server.on('leave', () => {
    left();
    return json(204);
  });
  server.on('poll', async (_, signal) => {
    signal.addEventListener('abort', () => events.push('aborted'));
    await leaving;
    await server.time.after(delayMs);
    return problem(410, 'participant-gone', { reason: 'left' });
  });
}

async function listen(): Promise<Mailbox> {
  const mailbox = await client.listen();
  mailbox.on('exchange', ({ operation, kind }) => {
    if (kind !== 'cut') events.push(`${operation} ${kind}`);
  });
  mailbox.on('ended', ({ reason }) => void events.push(`ended ${reason}`));
  await server.time.advance(1_000);
  return mailbox;
}

/** @returns how many milliseconds it took */
async function leave(mailbox: Mailbox): Promise<number> {
  const startedMs = server.time.now();
  const over = mailbox.leave().then(() => server.time.now());
  await server.time.advance(30_000);
  return (await over) - startedMs;
}

describe('leave()', () => {
  test('keeps the held poll until the server answers it, so that no connection is closed', async () => {
    answerPollAfter(100);
    const mailbox = await listen();
    expect(await leave(mailbox)).toBe(100);
    expect(events).toEqual(['leaveRoomByPost ok', 'pollMessages problem', 'ended left']);
    expect([server.count('join'), client.errors]).toEqual([1, []]);
    await server.time.advance(60_000);
    expect(server.count('poll')).toBe(1);
  });

  test('gives the poll up when its answer takes more than a second', async () => {
    answerPollAfter(1_500);
    const mailbox = await listen();
    expect(await leave(mailbox)).toBe(1_000);
    expect(events).toEqual(['leaveRoomByPost ok', 'aborted', 'ended left']);
  });

  test('gives the poll up at once when the server cannot be reached', async () => {
    answerPollAfter(0);
    server.on('leave', forever);
    const mailbox = await listen();
    await leave(mailbox);
    expect(events.slice(-2)).toEqual(['aborted', 'ended left']);
    expect(client.errors.map(({ code }) => code)).toEqual(['leave-failed']);
  });

  describe('in a page', () => {
    let page: FakePage;
    beforeEach(() => {
      page = new FakePage();
      page.open();
    });
    afterEach(() => page.close());

    test('gives the poll up first when a request of another tab needs a connection', async () => {
      answerPollAfter(100);
      const mailbox = await listen();
      new page.channels.Channel('holdline').postMessage('needed');
      await server.time.advance(0);
      events.length = 0;
      await server.time.advance(0);
      await leave(mailbox);
      expect(events[0]).toBe('aborted');
    });

    test('gives the poll up first when polls of many tabs wait for connections', async () => {
      answerPollAfter(100);
      const mailbox = await listen();
      const other = new page.channels.Channel('holdline');
      for (let tab = 0; tab < 5; tab += 1) other.postMessage('here');
      await server.time.advance(0);
      await leave(mailbox);
      expect(events[0]).toBe('aborted');
    });

    test('gives the poll up first when the page closes', async () => {
      answerPollAfter(100);
      const mailbox = await listen();
      page.fire('pagehide', { persisted: false });
      await leave(mailbox);
      expect(events[0]).toBe('aborted');
    });
  });
});

test('close() gives the held poll up at once', async () => {
  answerPollAfter(0);
  const mailbox = await listen();
  await Promise.all([mailbox.close(), server.time.advance(3_000)]);
  expect(events[0]).toBe('aborted');
});
