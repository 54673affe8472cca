import { beforeEach, describe, expect, test } from '@jest/globals';
import { Call, joinRoom, type Mailbox, type OutgoingMessage } from '../../src/client/index.ts';
import { FakePeer } from './support/fake-peer.ts';
import { type Asked, broken, forever, HostileServer, html, json, problem } from './support/hostile-server.ts';

const MINUTE = 60_000;

let server: HostileServer;
let mailbox: Mailbox;
beforeEach(async () => {
  server = new HostileServer();
  mailbox = await joinRoom(server.options);
});

const note = (text: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage =>
  ({ type: 'custom', payload: text, ...more }) as OutgoingMessage;

const textsOf = ({ body }: Asked): unknown[] => (body.messages as { payload: unknown }[]).map(({ payload }) => payload);

const batches = (): unknown[] => server.all('send').map(textsOf);

async function settled(sending: Promise<unknown>[], withinMs = 3 * MINUTE): Promise<string[]> {
  const [results] = await Promise.all([Promise.allSettled(sending), server.time.advance(withinMs)]);
  return results.map((result) => (result.status === 'fulfilled' ? 'sent' : (result.reason as { code: string }).code));
}

describe('sends that happen together', () => {
  test('go as one batch per recipient, in their order', async () => {
    const sending = [
      note('a1', { to: 'a' }),
      note('b1', { to: 'b' }),
      note('a2', { to: 'a' }),
      note('b2', { to: 'b' }),
    ];
    expect(await settled(sending.map((message) => mailbox.send(message)))).toEqual(['sent', 'sent', 'sent', 'sent']);
    expect(batches()).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
    ]);
  });

  test('while another is under way follow as one batch: a trickle of candidates costs two requests', async () => {
    server.on('send', server.acceptAfter(50));
    const sending = [mailbox.send(note('offer', { to: 'a' }))];
    for (let candidate = 1; candidate <= 12; candidate += 1) {
      await server.time.advance(2);
      sending.push(mailbox.send(note(`c${candidate}`, { to: 'a' })));
    }
    await settled(sending);
    expect(batches()).toEqual([['offer'], Array.from({ length: 12 }, (_, index) => `c${index + 1}`)]);
  });

  test('are split at what the server takes in one batch', async () => {
    await settled(Array.from({ length: 40 }, (_, index) => mailbox.send(note(String(index), { to: 'a' }))));
    expect(server.all('send').map((asked) => textsOf(asked).length)).toEqual([32, 8]);
  });

  test('keep different lifetimes apart, and the order all the same', async () => {
    const invite = note('invite', { to: 'a', ttlSeconds: 5 });
    await settled([note('1', { to: 'a' }), invite, note('2', { to: 'a' })].map((message) => mailbox.send(message)));
    expect(batches()).toEqual([['1'], ['invite'], ['2']]);
  });

  test('to everyone wait for all before them, and hold back all behind them', async () => {
    server.on('send', server.acceptAfter(100));
    const order = [note('a1', { to: 'a' }), note('all'), note('b1', { to: 'b' })];
    await settled(order.map((message) => mailbox.send(message)));
    expect(batches()).toEqual([['a1'], ['all'], ['b1']]);
    const [first, second, third] = server.all('send').map(({ atMs }) => atMs);
    expect([Number(second) - Number(first), Number(third) - Number(second)]).toEqual([100, 100]);
  });

  test('to a full mailbox do not delay messages to others', async () => {
    server.on('send', (asked) =>
      String(textsOf(asked)[0]).startsWith('full')
        ? problem(429, 'mailbox-full', { retryAfter: 2 })
        : server.acceptAfter(5)(asked),
    );
    const full = mailbox.send(note('full', { to: 'a', ttlSeconds: 30 }));
    const other = mailbox.send(note('fine', { to: 'b' }));
    expect(await settled([other], 100)).toEqual(['sent']);
    expect(await settled([full])).toEqual(['lifetime-over']);
  });
});

describe('a lost reply', () => {
  test.each([
    ['a broken connection', broken],
    ['a page of a proxy', () => html(502)],
    ['a gateway with errors in JSON of its own', () => json(403, { code: 'denied' })],
    ['a server that has no room now', () => problem(503, 'storage-unavailable', { retryAfter: 1 })],
    ['a 200 that lacks receipts', () => json(200, {})],
  ])('or %s: the same text goes again under the same key until it is answered', async (_, answer) => {
    server.script('send', answer, answer, server.acceptAfter(1));
    expect(await settled([mailbox.send(note('once', { to: 'a' }))])).toEqual(['sent']);
    const [first, ...retries] = server.all('send').map(({ text, headers }) => [headers['Idempotency-Key'], text]);
    expect(retries).toEqual([first, first]);
    expect(first?.[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('different requests have different keys', async () => {
    await settled([mailbox.send(note('1', { to: 'a' })), mailbox.send(note('2', { to: 'b' }))]);
    expect(new Set(server.all('send').map(({ headers }) => headers['Idempotency-Key'])).size).toBe(2);
  });

  test('is retried until the lifetime is over, with growing pauses and no storm', async () => {
    server.on('send', broken);
    const startedMs = server.time.now();
    const end = mailbox
      .send(note('late', { to: 'a' }))
      .catch((error: unknown) => [error, server.time.now() - startedMs]);
    await server.time.advance(5 * MINUTE);
    expect(await end).toEqual([expect.objectContaining({ code: 'lifetime-over' }), expect.any(Number)]);
    const [, tookMs] = (await end) as [unknown, number];
    expect(tookMs).toBeGreaterThanOrEqual(110_000);
    expect(tookMs).toBeLessThanOrEqual(140_000);
    expect(server.count('send')).toBeLessThanOrEqual(60);
  });

  test('is not sent when its lifetime has passed during a pause', async () => {
    server.script('send', () => problem(503, 'busy', { retryAfter: 30 }), server.acceptAfter(1));
    expect(await settled([mailbox.send(note('late', { to: 'a', ttlSeconds: 4 }))], 4_000)).toEqual(['lifetime-over']);
    await server.time.advance(MINUTE);
    expect(server.count('send')).toBe(1);
  });

  test('makes no loop of an answer that asks to come back before now', async () => {
    server.on('send', () => problem(503, 'busy', { retryAfter: -1_000_000 }));
    expect(await settled([mailbox.send(note('late', { to: 'a' }))], 5 * MINUTE)).toEqual(['lifetime-over']);
    expect(server.count('send')).toBeLessThanOrEqual(60);
  });

  test('a send that hangs is given up after 15 s and tried again', async () => {
    server.script('send', forever, server.acceptAfter(1));
    expect(await settled([mailbox.send(note('hangs', { to: 'a' }))], 17_000)).toEqual(['sent']);
  });
});

describe('a refusal', () => {
  test('that no retry can mend rejects at once', async () => {
    server.on('send', () => problem(404, 'recipient-not-found'));
    expect(await settled([mailbox.send(note('1', { to: 'x' })), mailbox.send(note('2', { to: 'x' }))], 1_000)).toEqual([
      'recipient-not-found',
      'recipient-not-found',
    ]);
    expect(server.count('send')).toBe(1);
  });

  test('of a batch fails only the message that is at fault, and keeps the order of the others', async () => {
    server.on('send', (asked) =>
      textsOf(asked).includes('huge') ? problem(413, 'too-large') : server.acceptAfter(1)(asked),
    );
    const sending = ['1', 'huge', '2'].map((text) => mailbox.send(note(text, { to: 'a' })));
    expect(await settled(sending)).toEqual(['sent', 'too-large', 'sent']);
    expect(batches()).toEqual([['1', 'huge', '2'], ['1'], ['huge'], ['2']]);
  });
});

describe('a payload', () => {
  test('is sent as it was at the call, in retries too', async () => {
    server.script('send', broken, server.acceptAfter(1));
    const payload = { count: 1 };
    const sending = mailbox.send({ type: 'custom', to: 'a', payload });
    payload.count = 2;
    await settled([sending]);
    expect(batches()).toEqual([[{ count: 1 }], [{ count: 1 }]]);
  });

  test('that JSON cannot hold is refused at once', async () => {
    await expect(mailbox.send({ type: 'custom', payload: 1n })).rejects.toThrow(TypeError);
    expect(server.count('send')).toBe(0);
  });
});

describe('the end', () => {
  test('leaving waits for pending messages, then leaves', async () => {
    server.on('send', server.acceptAfter(500));
    const sending = mailbox.send(note('hangup', { to: 'a' }));
    await Promise.all([mailbox.leave(), server.time.advance(MINUTE)]);
    await expect(sending).resolves.toMatchObject({ id: 'receipt1' });
    expect(server.asked.map(({ operation }) => operation)).toEqual(['join', 'send', 'leave']);
    expect(server.all('leave')[0]).toMatchObject({ path: '/participants/me/leave', body: {}, keepalive: true });
  });

  test('leaving waits at most 2 s, and rejects messages that are not stored by then', async () => {
    server.on('send', broken);
    const sending = settled([mailbox.send(note('never', { to: 'a' }))], 4_000);
    const leaving = mailbox.leave();
    expect(await sending).toEqual(['closed']);
    await leaving;
    expect(server.count('leave')).toBe(1);
  });

  test.each([
    ['a server that cannot be reached', broken, 'network'],
    ['a refusal', () => problem(403, 'forbidden'), 'forbidden'],
  ])('a failed leave, because of %s, is an error before the end, and leave() resolves', async (_, answer, code) => {
    server.on('leave', answer);
    const events: unknown[] = [];
    mailbox.on('error', (error) => void events.push([error.code, (error.cause as { code?: string }).code]));
    mailbox.on('ended', ({ reason }) => void events.push(reason));
    await Promise.all([mailbox.leave(), server.time.advance(MINUTE)]);
    expect(events).toEqual([['leave-failed', code], 'left']);
    expect(server.count('leave')).toBeLessThan(10);
  });

  test('leaving falls back to the method override on a server that does not know leaveRoomByPost', async () => {
    for (const [status, code] of [
      [404, 'not-found'],
      [405, 'method-not-allowed'],
    ] as const) {
      const old = new HostileServer();
      old.script(
        'leave',
        () => problem(status, code),
        () => json(204),
      );
      const errors: unknown[] = [];
      const guest = await joinRoom(old.options);
      guest.on('error', (error) => void errors.push(error));
      await Promise.all([guest.leave(), old.time.advance(MINUTE)]);
      expect(old.all('leave').map(({ path, headers }) => [path, headers['X-HTTP-Method-Override']])).toEqual([
        ['/participants/me/leave', undefined],
        ['/participants/me', 'DELETE'],
      ]);
      expect(errors).toEqual([]);
    }
  });

  test('leaving ends calls at once, whether the server answers or not', async () => {
    server.on('leave', forever);
    const peerConnection = new FakePeer('me');
    const call = Call.invite(mailbox, { to: 'other', peerConnection });
    const ended: unknown[] = [];
    call.on('ended', (end) => void ended.push(end));
    await server.time.advance(100);
    const leaving = mailbox.leave();
    await server.time.advance(0);
    expect(ended).toEqual([{ reason: 'left', by: 'local' }]);
    await Promise.all([leaving, server.time.advance(MINUTE)]);
  });

  test('closing acknowledges and does not leave', async () => {
    await Promise.all([mailbox.close(), server.time.advance(1_000)]);
    expect(server.asked.map(({ operation }) => operation)).toEqual(['join', 'ack']);
    await expect(mailbox.send(note('late'))).rejects.toMatchObject({ code: 'closed' });
  });
});
