import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { JoinOptions, Mailbox, TransportChange } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { FakeTransport } from './support/fake-transport.ts';
import { batch, forever, type HostileServer, json, message, problem } from './support/hostile-server.ts';
import { RecordedClient } from './support/recorded-client.ts';

let client: RecordedClient;
let server: HostileServer;
let transport: FakeTransport;
let changes: TransportChange[];
let mailbox: Mailbox;
beforeEach(() => {
  client = new RecordedClient();
  ({ server } = client);
  transport = new FakeTransport();
  changes = [];
});

/** Joins and polls, with the transport at hand. */
async function listen(options: Partial<JoinOptions> = {}): Promise<void> {
  mailbox = await client.listen({ transports: [transport.create], ...options });
  mailbox.on('transport', (change) => void changes.push(change));
  await server.time.advance(0);
}

/** The cursor and `wait` of each poll. */
const polls = (): unknown[] => server.all('poll').map(({ body }) => [body.after, body.wait]);

/** Polls that are held until they are given up. */
function holdPolls(): { readonly aborted: number } {
  const state = { aborted: 0 };
  server.on('poll', ({ body }, signal) => {
    if (body.wait === 0) return batch(String(body.after));
    signal.addEventListener('abort', () => (state.aborted += 1));
    return forever();
  });
  return state;
}

describe('a mailbox with a second transport', () => {
  test('starts it when it begins to poll, and polls meanwhile', async () => {
    holdPolls();
    mailbox = await client.join({ transports: [transport.create] });
    mailbox.wake();
    expect(transport.calls).not.toContain('start');
    mailbox.on('message', () => undefined);
    expect(transport.calls.at(-1)).toBe('start');
    await server.time.advance(0);
    expect([polls(), mailbox.transport]).toEqual([[['c0', 25]], 'poll']);
  });

  test('gives up the poll in flight with the first batch, and polls no more', async () => {
    const held = holdPolls();
    await listen();
    transport.host.hold();
    await server.time.advance(1_000);
    expect([held.aborted, mailbox.transport]).toEqual([0, 'poll']);
    await Promise.all([transport.receive('c0', 'c0'), server.time.advance(60_000)]);
    expect([held.aborted, mailbox.transport, polls()]).toEqual([1, 'socket', [['c0', 25]]]);
    expect(changes).toEqual([{ transport: 'socket', reason: 'proven' }]);
  });

  test('begins no poll between the request to read and its first batch', async () => {
    server.script('poll', () => problem(409, 'poll-superseded'), forever);
    await listen();
    transport.host.hold();
    await server.time.advance(60_000);
    expect(server.count('poll')).toBe(1);
    expect(mailbox.state).toBe('connected');
  });

  test('polls at once and without a wait when the transport ends, then as usual', async () => {
    holdPolls();
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c1', message('custom'));
    transport.host.poll('closed');
    await server.time.advance(0);
    expect([polls(), mailbox.transport]).toEqual([
      [
        ['c0', 25],
        ['c1', 0],
        ['c1', 25],
      ],
      'poll',
    ]);
    expect(changes.at(-1)).toEqual({ transport: 'poll', reason: 'closed' });
  });

  test('does not wait for the pause after a poll that failed before', async () => {
    server.script('poll', () => problem(429, 'too-many-polls', { retryAfter: 60 }), forever);
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c0');
    transport.host.poll('closed');
    await server.time.advance(0);
    expect(server.count('poll')).toBe(2);
  });

  test('is connected when the transport reads, although polls fail', async () => {
    server.on('poll', () => problem(503, 'storage-unavailable'));
    await listen();
    expect(mailbox.state).toBe('reconnecting');
    transport.host.hold();
    await transport.receive('c0', 'c0');
    expect(mailbox.state).toBe('connected');
  });

  test('stops the transport at the end, and starts it no more', async () => {
    holdPolls();
    await listen();
    await Promise.all([mailbox.close(), server.time.advance(3_000)]);
    mailbox.wake();
    transport.host.poll('closed');
    expect(transport.calls.slice(1)).not.toContain('start');
    expect(transport.calls).toContain('ended');
    expect(changes).toEqual([]);
  });
});

test('a transport that ends because its participant leaves changes nothing', async () => {
  holdPolls();
  server.on('leave', () => {
    transport.host.poll('participant-gone');
    return json(204);
  });
  await listen();
  transport.host.hold();
  await transport.receive('c0', 'c0');
  await Promise.all([mailbox.leave(), server.time.advance(3_000)]);
  expect([changes.length, mailbox.transport, server.count('poll')]).toEqual([1, 'socket', 1]);
});

describe('polls that are superseded', () => {
  const supersede = async () => {
    await server.time.after(500);
    return problem(409, 'poll-superseded');
  };

  test('within 10 s of a change of transports show no other client', async () => {
    server.on('poll', supersede);
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c0');
    transport.host.poll('closed');
    await server.time.advance(9_500);
    expect(server.count('poll')).toBeGreaterThan(5);
    expect(mailbox.state).not.toBe('ended');
  });

  test('after that show one', async () => {
    server.on('poll', supersede);
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c0');
    transport.host.poll('closed');
    await server.time.advance(60_000);
    expect(mailbox.state).toBe('ended');
  });
});

describe('batches of both transports', () => {
  const [one, two, three] = [message('custom'), message('custom'), message('custom')];
  const ids = [one.id, two.id, three.id];
  const empty = ({ body }: { body: Readonly<Record<string, unknown>> }) => batch(String(body.after));

  /** The cursor that the client polls from once the transport has ended. */
  async function nextCursor(): Promise<unknown> {
    server.on('poll', empty);
    transport.host.poll('closed');
    await server.time.advance(0);
    return server.all('poll').at(-1)?.body.after;
  }

  test('deliver each message once and in order, whichever comes first', async () => {
    let answer = (): void => undefined;
    server.on('poll', () => new Promise((resolve) => (answer = () => resolve(batch('c2', one, two)))));
    await listen();
    transport.host.hold();
    answer();
    await Promise.all([transport.receive('c0', 'c3', one, two, three), server.time.advance(0)]);
    expect(client.received).toEqual(ids);
    expect(await nextCursor()).toBe('c3');
  });

  test('are handled in turn: a poll asks from the handled cursor while batches wait', async () => {
    server.on('poll', forever);
    mailbox = await client.join({ transports: [transport.create] });
    let handled = (): void => undefined;
    mailbox.on('message', async ({ id }) => {
      client.received.push(id);
      await new Promise<void>((resolve) => (handled = resolve));
    });
    transport.host.hold();
    const taken = [transport.receive('c0', 'c1', one), transport.receive('c1', 'c2', two)];
    await server.time.advance(0);
    server.script('poll', () => batch('c3', one, two, three), forever);
    transport.host.poll('closed');
    await server.time.advance(0);
    expect([server.all('poll').at(-1)?.body, client.received]).toEqual([
      expect.objectContaining({ after: 'c0' }),
      [one.id],
    ]);
    for (const [index, cursor] of ['c1', 'c2', 'c3'].entries()) {
      expect(client.received).toEqual(ids.slice(0, index + 1));
      handled();
      await server.time.advance(0);
      expect(transport.host.session.cursor).toBe(cursor);
    }
    await Promise.all(taken);
  });

  test('that end before the handled cursor do not move it back', async () => {
    server.on('poll', forever);
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c3', one, two, three);
    await transport.receive('c0', 'c1', one);
    await transport.receive('c1', 'c1');
    expect(transport.host.session.cursor).toBe('c3');
    const four = message('custom');
    await transport.receive('c1', 'c4', two, three, four);
    expect(transport.host.session.cursor).toBe('c4');
    expect(client.received).toEqual([...ids, four.id]);
  });

  test('that begin at the handled cursor move it, although they hold known messages only', async () => {
    server.on('poll', forever);
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c1', one);
    await transport.receive('c1', 'c2', one);
    expect(transport.host.session.cursor).toBe('c2');
  });

  test('report expired messages, although their cursor is dropped', async () => {
    server.on('poll', forever);
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c1', one);
    await transport.host.receive({ messages: [], cursor: 'c2', more: false, expired: 2 }, 'old');
    expect(client.gaps).toEqual([{ cause: 'expired', expired: 2 }]);
    expect(transport.host.session.cursor).toBe('c1');
  });

  test('of before a reset do not set the cursor after it', async () => {
    server.on('poll', forever);
    mailbox = await client.join({ transports: [transport.create] });
    let handled = (): void => undefined;
    mailbox.on('message', () => new Promise<void>((resolve) => (handled = resolve)));
    await server.time.advance(0);
    transport.host.hold();
    const taken = transport.receive('c0', 'c1', one);
    server.script('poll', () => problem(410, 'cursor-expired', { resetCursor: 'r0' }), forever);
    transport.host.poll('closed');
    await server.time.advance(1_000);
    handled();
    await taken;
    expect(transport.host.session.cursor).toBe('r0');
  });

  test('that are malformed are refused, and later ones are handled', async () => {
    server.on('poll', forever);
    await listen();
    transport.host.hold();
    await expect(transport.host.receive({ cursor: 'c1' } as never, 'c0')).rejects.toThrow(TypeError);
    await transport.receive('c0', 'c1', one);
    expect(client.received).toEqual([one.id]);
  });
});

describe('the transport of a page', () => {
  let page: FakePage;
  beforeEach(async () => {
    page = new FakePage();
    page.open();
    holdPolls();
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c0');
    transport.calls.length = 0;
  });
  afterEach(async () => {
    await Promise.all([mailbox.close(), server.time.advance(3_000)]);
    page.close();
  });

  test.each([
    ['online', () => page.fire('online'), 'online'],
    ['pageshow, from the back-forward cache', () => page.fire('pageshow', { persisted: true }), 'wake'],
    ['resume', () => page.document.dispatchEvent(new Event('resume')), 'wake'],
    ['wake()', () => mailbox.wake(), 'wake'],
  ])('is replaced by polls at once after %s, and may connect again', async (_, happen, reason) => {
    happen();
    await server.time.advance(0);
    expect(transport.calls).toEqual([reason, 'start']);
    expect(changes.at(-1)).toEqual({ transport: 'poll', reason });
    expect(polls().slice(1)).toEqual([
      ['c0', 0],
      ['c0', 25],
    ]);
  });

  test('is replaced by polls after the machine slept', async () => {
    await server.time.sleep(600_000);
    await server.time.advance(0);
    expect(transport.calls).toEqual(['wake', 'start']);
    expect(mailbox.transport).toBe('poll');
  });

  test.each([
    ['loads', () => page.fire('pageshow', { persisted: false })],
    ['is shown again after a moment', () => page.show('visible')],
  ])('goes on when the page %s', async (_, happen) => {
    happen();
    await server.time.advance(60_000);
    expect([transport.calls, mailbox.transport]).toEqual([[], 'socket']);
  });

  test.each([
    ['is hidden in the back-forward cache', () => page.fire('pagehide', { persisted: true })],
    ['is frozen', () => page.document.dispatchEvent(new Event('freeze'))],
  ])('closes when the page %s, and polls take over once the page continues', async (_, hide) => {
    hide();
    expect(transport.calls).toEqual(['hidden']);
    await server.time.advance(999);
    expect(server.count('poll')).toBe(1);
    await server.time.advance(1);
    expect(polls().slice(1)).toEqual([
      ['c0', 0],
      ['c0', 25],
    ]);
    expect(transport.calls).toContain('start');
    expect(changes.at(-1)).toEqual({ transport: 'poll', reason: 'hidden' });
  });
});

describe('a participant that joins again', () => {
  test('reads its new mailbox by polls first, and the transport may connect with the new token', async () => {
    holdPolls();
    await listen();
    transport.host.hold();
    await transport.receive('c0', 'c1', message('custom'));
    server.script(
      'send',
      () => problem(401, 'unauthenticated'),
      () => json(201, { receipts: [server.receipt()] }),
    );
    server.on('join', () => json(201, server.joinResult({ cursor: 'n0' })));
    transport.calls.length = 0;
    await Promise.all([mailbox.send({ type: 'custom' }), server.time.advance(2_000)]);
    expect(transport.calls).toEqual(['rejoined', 'start']);
    expect(transport.host.session.joined.token).toBe('token2');
    expect(polls().slice(1)).toEqual([
      ['n0', 0],
      ['n0', 25],
    ]);
    expect(changes.at(-1)).toEqual({ transport: 'poll', reason: 'rejoined' });
  });
});
