import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Mailbox } from '../../src/client/index.ts';
import {
  type Asked,
  batch,
  broken,
  forever,
  type HostileServer,
  html,
  json,
  message,
  problem,
} from './support/hostile-server.ts';
import { endOf, RecordedClient } from './support/recorded-client.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const EMPTY = { messages: [], cursor: 'c0', more: false, expired: 0 };

let client: RecordedClient;
let server: HostileServer;
beforeEach(() => {
  client = new RecordedClient();
  ({ server } = client);
});

const ended = async (mailbox: Mailbox): Promise<string> => (await endOf(mailbox)).reason;

describe('a network that gives wrong answers', () => {
  test.each([
    ['a proxy that answers 502 in HTML', () => html(502)],
    ['a captive portal that answers 200 in HTML', () => html(200)],
    ['a captive portal that answers 200 with its own JSON', () => json(200, { login: 'please' })],
    ['a captive portal that answers 204 to everything', () => json(204)],
    ['a network that refuses every connection', broken],
    ['a server that always answers 500', () => problem(500, 'internal')],
    ['a gateway with its own JSON errors', () => json(502, { code: 'BAD_GATEWAY' })],
    ['a server that asks to come back before now', () => problem(503, 'busy', { retryAfter: -86_400 })],
    ['a server that always has an expired cursor', () => problem(410, 'cursor-expired', { resetCursor: 'c0' })],
    ['a server whose cursor is never right', () => problem(400, 'invalid-cursor')],
    ['a server that answers every poll at once and empty', () => batch('c0')],
    ['a server that promises more messages and has none', () => json(200, { messages: [], cursor: 'c1', more: true })],
    ['a server that reports expired messages for ever', () => json(200, { messages: [], cursor: 'c1', expired: 1 })],
    ['an answer without messages', () => json(200, { cursor: 'c1' })],
    ['a server that claims to have held a poll for 1 s', () => json(200, { ...EMPTY, waitSeconds: 1 })],
    ['a server that claims to have held a poll for -1 s', () => json(200, { ...EMPTY, waitSeconds: -1 })],
  ])('%s gets at most 30 polls in the first minute and 1,500 in an hour', async (_, answer) => {
    server.on('poll', answer);
    const mailbox = await client.listen();
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
    await client.listen();
    await server.time.advance(HOUR);
    expect(client.received).toEqual([repeated.id]);
    expect(server.count('poll')).toBeLessThanOrEqual(1_500);
  });

  test('a flood of new messages is polled at the rate limit of the service: 50 polls at once, then 5 a second', async () => {
    server.on('poll', () => batch('c1', message('custom')));
    await client.listen();
    await server.time.advance(MINUTE);
    expect(server.count('poll')).toBeLessThanOrEqual(50 + 5 * 60 + 1);
  });

  test('the cursor survives a captive portal', async () => {
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
    await client.listen();
    await server.time.advance(MINUTE);
    expect(
      server
        .all('poll')
        .map(({ body }) => body.after)
        .slice(0, 6),
    ).toEqual(['c0', 'c7', 'c7', 'c7', 'c7', 'c8']);
    expect(client.received).toHaveLength(2);
    expect(client.gaps).toEqual([]);
  });

  test('the state is reconnecting when polls fail, and connected when one succeeds', async () => {
    server.script('poll', broken, () => batch('c1', message('custom')), forever);
    const mailbox = await client.listen();
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
    const mailbox = await client.listen();
    await server.time.advance(3 * cutMs);
    expect(server.all('poll').map(({ body }) => body.wait)).toEqual([25, 25, seconds]);
    expect(mailbox.waitSeconds).toBe(seconds);
  });

  test('is not learned from two cuts at different ages', async () => {
    server.script('poll', cutAt(5_000), cutAt(19_000), cutAt(11_000), cutAt(3_000));
    const mailbox = await client.listen();
    await server.time.advance(36_500);
    expect(mailbox.waitSeconds).toBe(25);
  });

  test('is forgotten after half an hour: phones change networks without an event', async () => {
    server.script('poll', cutAt(5_000), cutAt(5_000), async ({ body }) => {
      await server.time.after(Number(body.wait) * 970);
      return batch('c0');
    });
    const mailbox = await client.listen();
    await server.time.advance(20 * MINUTE);
    expect(mailbox.waitSeconds).toBe(4);
    await server.time.advance(11 * MINUTE);
    expect(mailbox.waitSeconds).toBe(25);
  });

  test('is distinguished from a server that is down behind a slow proxy: then the client backs off and reports it', async () => {
    server.on('poll', async () => {
      await server.time.after(3_000);
      return html(504);
    });
    const mailbox = await client.listen();
    await server.time.advance(HOUR);
    expect(mailbox.state).toBe('reconnecting');
    expect(server.count('poll')).toBeLessThanOrEqual(700);
  });

  test('without any answer halves their length', async () => {
    server.on('poll', ({ body }) => (body.wait === 0 ? batch('c0') : forever()));
    const mailbox = await client.listen();
    await server.time.advance(2 * MINUTE);
    expect(mailbox.waitSeconds).toBeLessThanOrEqual(12);
  });
});

describe('a server that ends holds early because the network cuts longer ones', () => {
  /** Holds for 4 s, as it does once it has seen two cuts at 5 s. */
  const shortened = async ({ body }: Asked) => {
    const isShortened = Number(body.wait) > 4;
    await server.time.after(Math.min(Number(body.wait), 4) * 970);
    return json(200, { ...EMPTY, ...(isShortened && { waitSeconds: 4 }) });
  };
  const waits = (): unknown[] => server.all('poll').map(({ body }) => body.wait);

  test('is asked for that window from then on, without a pause', async () => {
    server.on('poll', shortened);
    const mailbox = await client.listen();
    await server.time.advance(3 * 3_880 + 1);
    expect(waits()).toEqual([25, 4, 4, 4]);
    expect(mailbox.waitSeconds).toBe(4);
  });

  test('is asked for the longer window again after half an hour, and after `wake`', async () => {
    server.on('poll', shortened);
    const mailbox = await client.listen();
    await server.time.advance(29 * MINUTE);
    expect(waits().lastIndexOf(25)).toBe(0);
    await server.time.advance(2 * MINUTE);
    expect(waits().filter((wait) => wait === 25)).toHaveLength(2);
    mailbox.wake();
    await server.time.advance(1);
    expect(waits().at(-1)).toBe(25);
  });

  test('cannot make the window longer, or the next request invalid', async () => {
    const hold =
      (waitSeconds: unknown) =>
      async ({ body }: Asked) => {
        await server.time.after(Number(body.wait) * 970);
        return json(200, { ...EMPTY, waitSeconds });
      };
    server.script('poll', ...[30, 2.5, 'much', null].map(hold), forever);
    await client.listen();
    await server.time.advance(MINUTE);
    expect(waits()).toEqual([25, 25, 2, 2, 2]);
  });
});

describe('a server that is busy', () => {
  test('is polled again after Retry-After plus jitter', async () => {
    server.script('poll', () => problem(429, 'too-many-polls', { retryAfter: 5 }), forever);
    await client.listen();
    await server.time.advance(5_000);
    expect(server.count('poll')).toBe(1);
    await server.time.advance(500);
    expect(server.count('poll')).toBe(2);
  });

  test('is polled at least once a minute, whatever Retry-After says', async () => {
    server.on('poll', () => problem(503, 'shutting-down', { retryAfter: 86_400 }));
    await client.listen();
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
      forever,
    );
    await client.listen();
    await server.time.advance(5_000);
    expect(server.count('poll')).toBe(3);
    expect(client.gaps).toEqual([]);
  });
});

describe('other versions (fault 39)', () => {
  test('a newer server may send unknown types, fields, codes and reasons', async () => {
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
      forever,
    );
    await client.listen();
    await server.time.advance(MINUTE);
    expect(client.received).toHaveLength(2);
  });

  test('an older server may omit `more` and `expired`', async () => {
    server.script('poll', () => json(200, { messages: [message('custom')], cursor: 'c1' }), forever);
    const mailbox = await client.listen();
    await Promise.all([mailbox.send({ type: 'custom' }), server.time.advance(1_000)]);
    expect(client.received).toHaveLength(1);
    expect(mailbox.waitSeconds).toBe(25);
  });

  test('a server without the operation ends the mailbox, with its problem', async () => {
    server.on('poll', () => problem(404, 'not-found'));
    const mailbox = await client.listen();
    const end = ended(mailbox);
    await server.time.advance(MINUTE);
    expect([await end, server.count('poll')]).toEqual(['failed', 1]);
  });
});
