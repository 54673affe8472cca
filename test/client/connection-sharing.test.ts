import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { joinRoom, type JoinOptions, type Mailbox } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { type Asked, forever, HostileServer, json } from './support/hostile-server.ts';

/** One browser in one page: each mailbox stands for a tab. */
let page: FakePage;
let server: HostileServer;
const mailboxes: Mailbox[] = [];
beforeEach(() => {
  page = new FakePage();
  page.open();
  server = new HostileServer();
});
afterEach(async () => {
  server.on('join', () => json(201, server.joinResult()));
  server.on('send', () => json(201, { receipts: [server.receipt()] }));
  await Promise.all([...mailboxes.splice(0).map((mailbox) => mailbox.close()), server.time.advance(10_000)]);
  page.close();
});

async function listening(more: Partial<JoinOptions> = {}): Promise<Mailbox> {
  const mailbox = await joinRoom({ ...server.options, ...more });
  mailboxes.push(mailbox);
  mailbox.on('message', () => undefined);
  mailbox.on('error', () => undefined);
  await server.time.advance(0);
  return mailbox;
}

/** How many polls are held for long at the moment, and what each one asked for. */
class HeldPolls {
  held = 0;
  readonly waits: unknown[] = [];
  constructor() {
    server.on('poll', async ({ body }, signal) => {
      this.waits.push(body.wait);
      if (body.wait === 1) {
        await server.time.after(1_000);
        return json(200, { messages: [], cursor: 'c0', more: false, expired: 0 });
      }
      this.held += 1;
      signal.addEventListener('abort', () => (this.held -= 1));
      return forever();
    });
  }
}

/** A network that takes its time for everything but polls. */
const after =
  (ms: number, count: number) =>
  async ({ body }: Asked) => {
    await server.time.after(ms);
    return json(201, { receipts: Array.from({ length: count }, () => server.receipt()), ...body });
  };

describe('a send without an answer for a second', () => {
  test('gets the connection of its own poll, which is held again some seconds later', async () => {
    const polls = new HeldPolls();
    const mailbox = await listening();
    const states: string[] = [];
    server.on('send', after(2_000, 1));
    await server.time.advance(3_000);
    mailbox.on('state', (state) => void states.push(state));
    const sending = mailbox.send({ type: 'custom' });
    await server.time.advance(700);
    expect(polls.held).toBe(1);
    await server.time.advance(500);
    expect(polls.held).toBe(0);
    await server.time.advance(800);
    await sending;
    await server.time.advance(3_500);
    expect([polls.held, polls.waits.at(-1), mailbox.waitSeconds]).toEqual([1, 25, 25]);
    expect(states).toEqual([]);
  });

  test('does not stop messages from arriving', async () => {
    const polls = new HeldPolls();
    const mailbox = await listening();
    server.on('send', forever);
    mailbox.send({ type: 'custom' }).catch(() => undefined);
    await server.time.advance(2_000);
    expect([polls.held, polls.waits.at(-1)]).toEqual([0, 1]);
    expect(polls.waits.length).toBeLessThanOrEqual(4);
  });

  test('does not lower waitSeconds, however often it happens', async () => {
    new HeldPolls();
    const mailbox = await listening();
    server.on('send', after(1_500, 1));
    for (let time = 0; time < 8; time += 1) {
      await server.time.advance(3_000);
      await Promise.all([mailbox.send({ type: 'custom' }), server.time.advance(1_500)]);
    }
    expect([mailbox.waitSeconds, mailbox.state]).toEqual([25, 'connected']);
  });
});

describe('a tab that waits for a connection', () => {
  test('gets those of the other tabs, which hold their polls again some seconds later', async () => {
    const polls = new HeldPolls();
    for (let tab = 0; tab < 6; tab += 1) await listening();
    expect(polls.held).toBe(6);
    // The browser lets the join go when a poll of another tab ends.
    server.on('join', async () => {
      while (polls.held > 5) await server.time.after(10);
      await server.time.after(100);
      return json(201, server.joinResult());
    });
    const joining = listening();
    await server.time.advance(1_050);
    expect(polls.held).toBe(0);
    await server.time.advance(100);
    await joining;
    await server.time.advance(5_000);
    expect(polls.held).toBe(7);
  });

  test('and crashes keeps the others from holding polls for some seconds at most', async () => {
    const polls = new HeldPolls();
    await listening();
    const stranger = new page.channels.Channel('holdline');
    stranger.postMessage('needed');
    await server.time.advance(0);
    expect(polls.held).toBe(0);
    await server.time.advance(5_000);
    expect(polls.held).toBe(1);
  });
});

describe('many tabs', () => {
  test.each([
    [7, 5],
    [6, 5],
    [5, 25],
  ])('%i mailboxes: polls ask for %i s', async (tabs, waitSeconds) => {
    for (let tab = 0; tab < tabs; tab += 1) await listening();
    expect(new Set(mailboxes.map((mailbox) => mailbox.waitSeconds))).toEqual(new Set([waitSeconds]));
  });

  test('ask for 25 s again when some of them have closed', async () => {
    for (let tab = 0; tab < 6; tab += 1) await listening();
    const [first] = mailboxes;
    await Promise.all([first?.close(), server.time.advance(100)]);
    expect(mailboxes[1]?.waitSeconds).toBe(25);
  });
});

describe('the channel between tabs', () => {
  test('is closed at the end, by a join that fails, and in the back-forward cache', async () => {
    const { open } = page.channels;
    const mailbox = await listening();
    expect([...open].map(({ name }) => name)).toEqual(['holdline']);
    page.fire('pagehide', { persisted: true });
    expect(open.size).toBe(0);
    await server.time.advance(1_000);
    expect(open.size).toBe(1);
    await Promise.all([mailbox.leave(), server.time.advance(1_000)]);
    expect(open.size).toBe(0);
    server.on('join', () => json(403, { code: 'forbidden', retryable: false }));
    await expect(joinRoom(server.options)).rejects.toMatchObject({ code: 'forbidden' });
    expect(open.size).toBe(0);
  });

  test('is not needed', async () => {
    page.set('BroadcastChannel', function refuse() {
      throw new Error('SecurityError');
    });
    expect((await listening()).participantId).toBe('me');
  });
});
