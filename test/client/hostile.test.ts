import { beforeEach, describe, expect, test } from '@jest/globals';
import { joinRoom, type Gap, type HoldlineError, type Mailbox } from '../../src/client/index.ts';
import { batch, broken, HostileServer, html, json, message, problem } from './support/hostile-server.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let server: HostileServer;
let received: string[];
let gaps: Gap[];
beforeEach(() => {
  server = new HostileServer();
  received = [];
  gaps = [];
});

async function listening(options: Partial<Parameters<typeof joinRoom>[0]> = {}): Promise<Mailbox> {
  const mailbox = await joinRoom({ ...server.options, ...options });
  mailbox.on('message', ({ id }) => void received.push(id));
  mailbox.on('gap', (gap) => void gaps.push(gap));
  return mailbox;
}

const ended = (mailbox: Mailbox): Promise<string> =>
  new Promise((resolve) => {
    mailbox.on('ended', ({ reason }) => resolve(reason));
  });

describe('a network that lies', () => {
  test.each([
    ['a proxy that answers 502 in HTML', () => html(502)],
    ['a captive portal that answers 200 in HTML', () => html(200)],
    ['a portal that answers 200 in JSON of its own', () => json(200, { login: 'please' })],
    ['a portal that answers 204 to everything', () => json(204)],
    ['a network that refuses every connection', broken],
    ['a server that only says 500', () => problem(500, 'internal')],
    ['a gateway with errors in JSON of its own', () => json(502, { code: 'BAD_GATEWAY' })],
    ['a server that asks to come back before now', () => problem(503, 'busy', { retryAfter: -86_400 })],
    ['a server that always has an expired cursor', () => problem(410, 'cursor-expired', { resetCursor: 'c0' })],
    ['a server whose cursor is never right', () => problem(400, 'invalid-cursor')],
    ['a server that answers every poll at once and empty', () => batch('c0')],
    ['a server that says there is more, and has nothing', () => json(200, { messages: [], cursor: 'c1', more: true })],
    ['a server that counts expired messages for ever', () => json(200, { messages: [], cursor: 'c1', expired: 1 })],
    ['an answer without messages', () => json(200, { cursor: 'c1' })],
  ])('%s sees no storm: at most 30 polls in the first minute, 1,500 in an hour', async (_, answer) => {
    server.on('poll', answer);
    const mailbox = await listening();
    await server.time.advance(MINUTE);
    expect(server.count('poll')).toBeLessThanOrEqual(30);
    await server.time.advance(59 * MINUTE);
    expect(server.count('poll')).toBeLessThanOrEqual(1_500);
    expect(server.count('poll')).toBeGreaterThan(100);
    await mailbox.close();
  });

  test('a server that sends the same batch for ever is polled no faster, and its message is handled once', async () => {
    const repeated = message('custom');
    server.on('poll', () => batch('c1', repeated));
    await listening();
    await server.time.advance(HOUR);
    expect(received).toEqual([repeated.id]);
    expect(server.count('poll')).toBeLessThanOrEqual(1_500);
  });

  test('a flood of ever new messages is taken at the pace of the service: 50 polls at once, then 5 a second', async () => {
    server.on('poll', () => batch('c1', message('custom')));
    await listening();
    await server.time.advance(MINUTE);
    expect(server.count('poll')).toBeLessThanOrEqual(50 + 5 * 60 + 1);
  });

  test('keeps its cursor through a captive portal, and goes on from it', async () => {
    server.script(
      'poll',
      () => batch('c7', message('custom')),
      () => html(200),
      () => html(502),
      broken,
      () => batch('c8', message('custom')),
      async () => {
        await server.time.after(24_000);
        return batch('c8');
      },
    );
    await listening();
    await server.time.advance(MINUTE);
    expect(
      server
        .all('poll')
        .map(({ body }) => body.after)
        .slice(0, 6),
    ).toEqual(['c0', 'c7', 'c7', 'c7', 'c7', 'c8']);
    expect(received).toHaveLength(2);
    expect(gaps).toEqual([]);
  });

  test('tells that it reconnects when polls fail, and that it is connected when one gets through', async () => {
    server.script(
      'poll',
      broken,
      () => batch('c1', message('custom')),
      () => new Promise(() => undefined),
    );
    const mailbox = await listening();
    const states: string[] = [mailbox.state];
    mailbox.on('state', (state) => void states.push(state));
    await server.time.advance(MINUTE / 2);
    expect(states).toEqual(['connected', 'reconnecting', 'connected']);
  });
});

describe('a proxy that cuts held polls', () => {
  const cutAt = (cutMs: number) => async (): Promise<never> => {
    await server.time.after(cutMs);
    return broken();
  };

  test.each([
    [5_000, 4],
    [15_000, 13],
    [20_000, 17],
  ])('at %i ms makes the third poll ask for %i s only', async (cutMs, seconds) => {
    server.on('poll', cutAt(cutMs));
    const mailbox = await listening();
    await server.time.advance(3 * cutMs);
    expect(server.all('poll').map(({ body }) => body.wait)).toEqual([25, 25, seconds]);
    expect(mailbox.waitSeconds).toBe(seconds);
  });

  test('is not learned from two cuts at different ages', async () => {
    server.script('poll', cutAt(5_000), cutAt(19_000), cutAt(11_000), cutAt(3_000));
    const mailbox = await listening();
    await server.time.advance(36_500);
    expect(mailbox.waitSeconds).toBe(25);
  });

  test('is forgotten after half an hour: phones change networks without telling', async () => {
    server.script('poll', cutAt(5_000), cutAt(5_000), async ({ body }) => {
      await server.time.after(Number(body.wait) * 970);
      return batch('c0');
    });
    const mailbox = await listening();
    await server.time.advance(20 * MINUTE);
    expect(mailbox.waitSeconds).toBe(4);
    await server.time.advance(11 * MINUTE);
    expect(mailbox.waitSeconds).toBe(25);
  });

  test('is told from a server that is down behind a slow proxy: that backs off, and the app is told', async () => {
    server.on('poll', async () => {
      await server.time.after(3_000);
      return html(504);
    });
    const mailbox = await listening();
    await server.time.advance(HOUR);
    expect(mailbox.state).toBe('reconnecting');
    expect(server.count('poll')).toBeLessThanOrEqual(700);
  });

  test('and one that swallows polls without a word has them halved', async () => {
    server.on('poll', ({ body }) => (body.wait === 0 ? batch('c0') : new Promise(() => undefined)));
    const mailbox = await listening();
    await server.time.advance(2 * MINUTE);
    expect(mailbox.waitSeconds).toBeLessThanOrEqual(12);
  });
});

describe('a server that is busy', () => {
  test('is asked again not before Retry-After, plus jitter', async () => {
    server.script(
      'poll',
      () => problem(429, 'too-many-polls', { retryAfter: 5 }),
      () => new Promise(() => undefined),
    );
    await listening();
    await server.time.advance(5_000);
    expect(server.count('poll')).toBe(1);
    await server.time.advance(500);
    expect(server.count('poll')).toBe(2);
  });

  test('is asked at least once a minute, whatever Retry-After says', async () => {
    server.on('poll', () => problem(503, 'shutting-down', { retryAfter: 86_400 }));
    await listening();
    await server.time.advance(10 * MINUTE);
    expect(server.count('poll')).toBeGreaterThanOrEqual(8);
  });

  test('that drains and restarts costs three polls', async () => {
    server.script(
      'poll',
      async () => {
        await server.time.after(1_000);
        return batch('c0');
      },
      () => problem(503, 'shutting-down', { retryAfter: 1 }),
      () => new Promise(() => undefined),
    );
    await listening();
    await server.time.advance(5_000);
    expect(server.count('poll')).toBe(3);
    expect(gaps).toEqual([]);
  });
});

describe('two clients with one token', () => {
  test('stop after three evictions: the mailbox is taken over, and nothing is asked any more', async () => {
    server.on('poll', async () => {
      await server.time.after(500);
      return problem(409, 'poll-superseded');
    });
    const mailbox = await listening();
    const end = ended(mailbox);
    await server.time.advance(HOUR);
    expect(await end).toBe('taken-over');
    expect(server.count('poll')).toBe(3);
    await expect(mailbox.send({ type: 'custom' })).rejects.toMatchObject({ code: 'taken-over' });
  });

  test('one eviction is not enough: a proxy may have sent the poll twice', async () => {
    server.script(
      'poll',
      () => problem(409, 'poll-superseded'),
      () => batch('c1', message('custom')),
      () => new Promise(() => undefined),
    );
    await listening();
    await server.time.advance(MINUTE);
    expect(received).toHaveLength(1);
  });

  test('a replaced participant ends as taken over, without joining again (fault 34)', async () => {
    server.on('poll', () => problem(410, 'participant-gone', { reason: 'replaced' }));
    const mailbox = await listening();
    const end = ended(mailbox);
    await server.time.advance(HOUR);
    expect([await end, server.count('join'), server.count('poll')]).toEqual(['taken-over', 1, 1]);
    expect(received).toEqual([]);
  });

  test('a forgotten token is no reason to throw somebody else out: participant-exists ends as taken over', async () => {
    server.on('poll', () => problem(401, 'unauthenticated'));
    const mailbox = await listening();
    server.on('join', () => problem(409, 'participant-exists'));
    const end = ended(mailbox);
    await server.time.advance(MINUTE);
    expect(await end).toBe('taken-over');
    expect(server.all('join')[1]?.headers).not.toHaveProperty('Authorization');
  });

  test('with an access token, a forgotten token soon after joining ends as taken over instead of taking over', async () => {
    server.on('poll', () => problem(401, 'unauthenticated'));
    const mailbox = await listening({ accessToken: 'jwt' });
    const end = ended(mailbox);
    await server.time.advance(MINUTE);
    expect([await end, server.count('join')]).toEqual(['taken-over', 1]);
  });
});

describe('a participant that is gone', () => {
  test.each(['left', 'removed', 'something-new'])(
    'for the reason "%s" ends, and rejects what waits',
    async (reason) => {
      server.on('poll', () => problem(410, 'participant-gone', { reason }));
      server.on('send', broken);
      const mailbox = await listening();
      const sending = mailbox.send({ type: 'custom' });
      const end = ended(mailbox);
      await Promise.all([
        expect(sending).rejects.toMatchObject({ code: 'participant-gone' }),
        server.time.advance(MINUTE),
      ]);
      expect([await end, server.count('join')]).toEqual(['gone', 1]);
    },
  );

  test('for an hour of sleep: one poll, 410, one join under the same name, one gap, and no burst (fault 38)', async () => {
    server.on('poll', () => new Promise(() => undefined));
    await listening();
    await server.time.advance(3_000);
    server.script(
      'poll',
      () => problem(410, 'participant-gone', { reason: 'timeout' }),
      () => new Promise(() => undefined),
    );
    const before = server.asked.length;
    await server.time.sleep(HOUR);
    await server.time.advance(10_000);
    expect(server.asked.slice(before).map(({ operation }) => operation)).toEqual(['poll', 'join', 'poll']);
    expect(server.all('join')[1]?.body).toMatchObject({ participantId: 'me', resume: true });
    expect(server.all('poll').at(-1)?.headers).toMatchObject({ Authorization: 'Bearer token2' });
    expect(gaps).toEqual([{ cause: 'rejoined' }]);
  });

  test('again and again makes it join ever more slowly', async () => {
    server.on('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }));
    await listening();
    await server.time.advance(HOUR);
    expect(server.count('join')).toBeLessThanOrEqual(1_500);
    expect(server.count('join') - server.count('poll')).toBeLessThanOrEqual(1);
  });

  test('is joined once for the poll and the send that both hear of it, and the message goes out after all', async () => {
    let joined = 1;
    server.on('join', () => json(201, server.joinResult({ token: `token${(joined += 1)}` })));
    const gone = problem(410, 'participant-gone', { reason: 'timeout' });
    server.on('poll', ({ headers }) =>
      headers.Authorization === 'Bearer token2' ? gone : new Promise(() => undefined),
    );
    server.on('send', ({ headers }) =>
      headers.Authorization === 'Bearer token2' ? gone : json(201, { receipts: [server.receipt()] }),
    );
    const mailbox = await listening();
    const [receipt] = await Promise.all([mailbox.send({ type: 'custom' }), server.time.advance(MINUTE)]);
    expect(receipt.id).toBe('receipt1');
    expect(server.count('join')).toBe(2);
  });
});

describe('a handler of the app', () => {
  test('that throws on one message has handled it: the cursor advances (fault 37)', async () => {
    const errors: HoldlineError[] = [];
    server.script(
      'poll',
      () => batch('c1', message('custom'), message('custom')),
      () => new Promise(() => undefined),
    );
    const mailbox = await listening();
    mailbox.on('error', (error) => void errors.push(error));
    mailbox.on('message', () => {
      throw new Error('a fault of the app');
    });
    await server.time.advance(1_000);
    expect(server.all('poll').map(({ body }) => body.after)).toEqual(['c0', 'c1']);
    expect(received).toHaveLength(2);
    expect(errors.map(({ code }) => code)).toEqual(['listener-failed', 'listener-failed']);
  });

  test('that takes its time holds back the next message and the acknowledgement, while signs of life go out', async () => {
    server.script(
      'poll',
      () => batch('c1', message('custom'), message('custom')),
      () => new Promise(() => undefined),
    );
    const mailbox = await joinRoom(server.options);
    let handled = 0;
    mailbox.on('message', async () => {
      await server.time.after(MINUTE);
      handled += 1;
    });
    await server.time.advance(MINUTE + 500);
    expect([handled, server.count('poll')]).toEqual([1, 1]);
    expect(server.all('ack').map(({ body }) => body.cursor)).toEqual(['c0', 'c0', 'c0']);
    await server.time.advance(MINUTE);
    expect([handled, server.all('poll')[1]?.body.after]).toEqual([2, 'c1']);
  });
});

describe('an app without a handler', () => {
  test('is not polled for before the first one', async () => {
    await joinRoom(server.options);
    await server.time.advance(MINUTE);
    expect(server.count('poll')).toBe(0);
  });

  test('after its last one ended gets what came meanwhile with the next one, and nothing is acknowledged before', async () => {
    const later = message('custom');
    server.script(
      'poll',
      () => batch('c1', message('custom')),
      () => batch('c2', later),
      () => new Promise(() => undefined),
    );
    const mailbox = await joinRoom(server.options);
    const off: () => void = mailbox.on('message', () => off());
    await server.time.advance(MINUTE);
    expect(server.all('poll').map(({ body }) => body.after)).toEqual(['c0', 'c1']);
    mailbox.on('message', ({ id }) => void received.push(id));
    await server.time.advance(1_000);
    expect(received).toEqual([later.id]);
    expect(server.all('poll').at(-1)?.body.after).toBe('c2');
  });
});

describe('other versions (fault 39)', () => {
  test('a newer server: unknown types, fields, codes and reasons are survived', async () => {
    server.script(
      'poll',
      () =>
        json(200, {
          ...{ messages: [message('hologram', { glow: 1 })], cursor: 'c1', more: false, expired: 0 },
          mood: 'good',
        }),
      () => problem(429, 'too-many-moons', { retryAfter: 1 }),
      () => problem(503, 'eclipse'),
      () =>
        batch(
          'c2',
          message('participant-left', { from: undefined, payload: { participantId: 'x', reason: 'abducted' } }),
        ),
      () => new Promise(() => undefined),
    );
    await listening();
    await server.time.advance(MINUTE);
    expect(received).toHaveLength(2);
  });

  test('an older server: no `more`, no `expired`', async () => {
    server.script(
      'poll',
      () => json(200, { messages: [message('custom')], cursor: 'c1' }),
      () => new Promise(() => undefined),
    );
    const mailbox = await listening();
    await Promise.all([mailbox.send({ type: 'custom' }), server.time.advance(1_000)]);
    expect(received).toHaveLength(1);
    expect(mailbox.waitSeconds).toBe(25);
  });

  test('a server without the operation ends the mailbox, with its problem', async () => {
    server.on('poll', () => problem(404, 'not-found'));
    const mailbox = await listening();
    const end = ended(mailbox);
    await server.time.advance(MINUTE);
    expect([await end, server.count('poll')]).toEqual(['failed', 1]);
  });
});
