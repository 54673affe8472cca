import { beforeEach, describe, expect, test } from '@jest/globals';
import type { FakeSocket } from './support/fake-socket.ts';
import { batch, forever, json, message, problem } from './support/hostile-server.ts';
import { endOf } from './support/recorded-client.ts';
import { SocketClient } from './support/socket-client.ts';

let client: SocketClient;
beforeEach(() => {
  client = new SocketClient();
});

const advance = (ms: number): Promise<void> => client.server.time.advance(ms);

/** The polls since the promotion, and why it ended. */
const afterwards = () => ({ polls: client.polls.slice(1), reason: client.changes.at(-1)?.reason });
const AT_ONCE = [
  ['c0', 0],
  ['c0', 25],
];

const isClosed = (socket: FakeSocket): boolean => socket.readyState >= 2;

describe('a client polls again at once, without a wait,', () => {
  test('when its socket closes', async () => {
    const { mailbox, socket } = await client.promote();
    socket.end();
    await advance(0);
    expect(afterwards()).toEqual({ polls: AT_ONCE, reason: 'closed' });
    expect([mailbox.transport, mailbox.state, client.errors]).toEqual(['poll', 'connected', []]);
  });

  test('when its socket is silent for the heartbeat and 15 s more', async () => {
    const { socket } = await client.promote();
    await advance(20_000);
    socket.receiveBatch('c0');
    await advance(34_999);
    expect(afterwards().polls).toEqual([]);
    await advance(1);
    expect(afterwards()).toEqual({ polls: AT_ONCE, reason: 'silent' });
    expect(isClosed(socket)).toBe(true);
  });

  test.each([
    [5, 20_000],
    [undefined, 35_000],
    [-1, 35_000],
    [1e12, 315_000],
  ])('with a heartbeat of %s s after %i ms of silence', async (heartbeatSeconds, silenceMs) => {
    client.sockets.answer = (socket, frame) => {
      if (frame.type === 'hello') socket.receive({ type: 'welcome', heartbeatSeconds });
      else void socket.conform(frame);
    };
    const mailbox = await client.listen();
    // The first batch comes after jitter, opening, hello, probe and its echoes, and `read`.
    await advance(500 + 10 + 10 + 2_010 + 10);
    expect(mailbox.transport).toBe('socket');
    await advance(silenceMs - 1);
    expect(mailbox.transport).toBe('socket');
    await advance(1);
    expect(mailbox.transport).toBe('poll');
  });

  test('when the first batch does not come within 5 s of `read`', async () => {
    client.sockets.answer = (socket, frame) => {
      if (frame.type !== 'read') void socket.conform(frame);
    };
    client.server.script(
      'poll',
      async () => {
        await client.server.time.after(2_600);
        return problem(409, 'poll-superseded');
      },
      forever,
    );
    const mailbox = await client.listen();
    await advance(7_500);
    expect(client.polls).toHaveLength(1);
    await advance(100);
    expect(client.polls.slice(1)).toEqual([['c0', 0]]);
    expect([mailbox.transport, client.changes, isClosed(client.sockets.last)]).toEqual(['poll', [], true]);
  });

  test('from the last handled cursor, in the middle of a batch: nothing is lost or doubled', async () => {
    const [one, two, three] = [message('custom'), message('custom'), message('custom')];
    const finishers: (() => void)[] = [];
    const mailbox = await client.join();
    mailbox.on('message', ({ id }) => {
      client.received.push(id);
      return new Promise<void>((resolve) => finishers.push(resolve));
    });
    await advance(3_000);
    const socket = client.sockets.last;
    socket.receiveBatch('c2', [one, two]);
    await advance(0);
    client.server.script('poll', () => batch('c3', one, two, three), forever);
    socket.end();
    for (let times = 0; times < 3; times += 1) {
      await advance(0);
      finishers.shift()?.();
    }
    await advance(0);
    expect(client.received).toEqual([one.id, two.id, three.id]);
    expect(client.polls.slice(1)).toEqual([
      ['c0', 0],
      ['c3', 25],
    ]);
  });

  test.each([
    'invalid-cursor',
    'cursor-expired',
    'too-many-polls',
    'shutting-down',
    'forbidden',
    'participant-gone',
    'unauthenticated',
    'internal',
    'storage-unavailable',
    'a-code-of-a-newer-server',
  ])('when the server reports %s', async (code) => {
    const { socket } = await client.promote();
    socket.receiveProblem(code);
    await advance(0);
    expect(afterwards()).toEqual({ polls: AT_ONCE, reason: code });
    expect(isClosed(socket)).toBe(true);
  });

  test('when the server reports a problem without a code', async () => {
    const { socket } = await client.promote();
    socket.receive({ type: 'problem' });
    await advance(0);
    expect(afterwards()).toEqual({ polls: AT_ONCE, reason: 'closed' });
  });
});

describe('after a problem, the rules of polls apply:', () => {
  test('an expired cursor is replaced, and reported as a gap', async () => {
    const { mailbox, socket } = await client.promote();
    client.server.script('poll', () => problem(410, 'cursor-expired', { resetCursor: 'r0' }), forever);
    socket.receiveProblem('cursor-expired', { resetCursor: 'r0' });
    await advance(2_000);
    expect(client.gaps).toEqual([{ cause: 'cursor-expired' }]);
    expect([client.polls.at(-1), mailbox.state]).toEqual([['r0', 25], 'connected']);
  });

  test('a participant that timed out joins again, and its new token opens the next socket', async () => {
    const { mailbox, socket } = await client.promote();
    client.server.on('join', () => json(201, client.server.joinResult({ cursor: 'n0' })));
    client.server.script('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }), forever);
    socket.receiveProblem('participant-gone', { reason: 'timeout' });
    await advance(90_000);
    expect(client.gaps).toEqual([{ cause: 'rejoined' }]);
    expect(client.sockets.last.sent[0]).toEqual({ type: 'hello', token: 'token2' });
    expect(client.sockets.last.sentOf('read')).toEqual([{ type: 'read', id: '1', after: 'n0' }]);
    expect(mailbox.transport).toBe('socket');
  });

  test.each([
    [
      'a token that was replaced',
      'unauthenticated',
      problem(410, 'participant-gone', { reason: 'replaced' }),
      'taken-over',
    ],
    [
      'a participant that was removed',
      'participant-gone',
      problem(410, 'participant-gone', { reason: 'removed' }),
      'gone',
    ],
  ])('%s ends the mailbox', async (_, code, answer, reason) => {
    const { mailbox, socket } = await client.promote();
    client.server.on('poll', () => answer);
    const ending = endOf(mailbox);
    socket.receiveProblem(code);
    await advance(3_000);
    expect(await ending).toMatchObject({ reason });
    expect([client.server.count('join'), client.server.count('poll')]).toEqual([1, 2]);
  });
});

describe('a socket that is superseded', () => {
  test('soon after its first `read` reads on: a late poll of this client did that', async () => {
    const { mailbox, socket } = await client.promote();
    socket.receiveProblem('poll-superseded');
    await advance(1_000);
    expect(socket.sentOf('read').map(({ id }) => id)).toEqual(['1', '2']);
    expect([mailbox.transport, client.server.count('poll')]).toEqual(['socket', 1]);
    socket.receiveProblem('poll-superseded');
    await advance(0);
    expect(afterwards()).toEqual({ polls: AT_ONCE, reason: 'poll-superseded' });
  });

  test('later is replaced by polls', async () => {
    const { socket } = await client.promote();
    await advance(10_000);
    socket.receiveProblem('poll-superseded');
    await advance(0);
    expect(afterwards()).toEqual({ polls: AT_ONCE, reason: 'poll-superseded' });
  });

  test('while another client reads shows that client after 10 s, as polls do', async () => {
    const { mailbox, socket } = await client.promote();
    await advance(10_000);
    const ending = endOf(mailbox);
    client.server.on('poll', async () => {
      await client.server.time.after(500);
      return problem(409, 'poll-superseded');
    });
    socket.receiveProblem('poll-superseded');
    await advance(9_000);
    expect(mailbox.state).toBe('connected');
    await advance(10_000);
    expect(await ending).toMatchObject({ reason: 'taken-over' });
  });
});
