import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Batch } from '../../src/wire/index.ts';
import { changes, scrape } from '../metrics/series.ts';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { Connection } from '../support/connection.ts';
import { closeServices, startService, type ListeningService } from '../support/holdline.ts';
import { join, type Member, newRoom } from '../support/member.ts';

/** The network resets a connection this long after its request. */
const CUT_AFTER_MS = 5_000;
const STEP_MS = 100;
const MINUTE_MS = 60_000;

let clock: TestClock;
let server: ListeningService;
let alice: Member;
afterEach(cleanUp);
afterAll(closeServices);
beforeEach(async () => {
  clock = new TestClock();
  await start(1);
});

async function start(trustProxy: false | number): Promise<void> {
  server = await startService({ rateLimit: 'off', trustProxy }, { clock });
  alice = await join(server.url, newRoom(), { participantId: 'alice', idleTimeoutSeconds: 300 });
}

interface Options {
  readonly by?: 'GET' | 'POST';
  readonly address?: string;
  /** How long the network lets the poll be held. */
  readonly cutAfterMs?: number;
}

type Outcome = number | 'cut' | 'whole';

/** Alice sends a poll for 25 s. The server holds it when this resolves. */
async function startPoll({ by = 'GET', address = '192.0.2.1', cutAfterMs = CUT_AFTER_MS }: Options = {}) {
  const { service, url } = server;
  const connection = await Connection.open(url);
  const state = { isHeld: true };
  const ending = service.ending('alice').then(() => (state.isHeld = false));
  const [path, body] = by === 'GET' ? ['messages?wait=25', undefined] : ['messages/poll', { wait: 25 }];
  const sent = { token: alice.token, headers: { 'X-Forwarded-For': address }, body };
  const { ended } = await service.hold('alice', () => {
    connection.request(by, `/v1/rooms/${alice.roomId}/${path}`, sent);
    return connection.reply().catch(() => undefined);
  });
  const untilMs = clock.steadyMs() + cutAfterMs;
  /** @returns the `waitSeconds` of the answer; `whole` if it has none; `cut` if there is no answer */
  async function outcome(): Promise<Outcome> {
    while (state.isHeld && clock.steadyMs() < untilMs) await clock.advance(STEP_MS);
    if (state.isHeld) await connection.reset();
    await ending;
    const reply = await ended;
    return reply === undefined ? 'cut' : ((JSON.parse(reply.text) as Batch).waitSeconds ?? 'whole');
  }
  return { ended, outcome };
}

const poll = async (options?: Options): Promise<Outcome> => (await startPoll(options)).outcome();

async function polls(times: number, options?: Options) {
  const outcomes: Outcome[] = [];
  for (let time = 0; time < times; time += 1) outcomes.push(await poll(options));
  return outcomes;
}

describe('a client that knows nothing, behind a network that cuts polls after 5 s', () => {
  test.each(['GET', 'POST'] as const)('gets whole answers from its third poll on, by %s', async (by) => {
    expect(await polls(5, { by })).toEqual(['cut', 'cut', 4, 4, 4]);
  });

  test('gets them without a proxy, where the address of a closed connection is unknown', async () => {
    await start(false);
    expect(await polls(3)).toEqual(['cut', 'cut', 4]);
  });

  test('then loses at most one poll in 30 minutes', async () => {
    await polls(2);
    const cutAtMs = [clock.steadyMs()];
    for (let minutes = 0; minutes < 100; minutes += 4) {
      if ((await poll()) === 'cut') cutAtMs.push(clock.steadyMs());
      await clock.leap(4 * MINUTE_MS);
    }
    const pausesMs = cutAtMs.slice(1).map((atMs, index) => atMs - (cutAtMs[index] ?? 0));
    expect(pausesMs).toHaveLength(3);
    expect(Math.min(...pausesMs)).toBeGreaterThanOrEqual(30 * MINUTE_MS);
  });

  test('gets a message at once, in an answer without waitSeconds', async () => {
    await polls(2);
    const { ended } = await startPoll();
    await join(server.url, alice.roomId, 'bob');
    const { messages, ...rest } = JSON.parse((await ended)?.text ?? '') as Batch;
    expect(messages.map(({ type }) => type)).toEqual(['participant-joined']);
    expect(rest).not.toHaveProperty('waitSeconds');
  });

  test('is counted while its polls end earlier, and so are these polls', async () => {
    const before = await scrape(server.url);
    await polls(3);
    const after = await scrape(server.url);
    expect(after.get('holdline_network_windows')).toBe(1);
    expect(changes(before, after, 'holdline_poll_ends_total')).toEqual({
      'holdline_poll_ends_total{cause="client_closed"}': 2,
      'holdline_poll_ends_total{cause="shortened"}': 1,
    });
    await alice.leave();
    expect((await scrape(server.url)).get('holdline_network_windows')).toBe(0);
  });

  test('is tried anew at another client address', async () => {
    expect(await polls(3)).toEqual(['cut', 'cut', 4]);
    expect(await poll({ address: '192.0.2.2', cutAfterMs: Infinity })).toBe('whole');
  });

  test('is tried anew after it has joined again', async () => {
    await polls(2);
    alice = await alice.rejoin({ resume: true });
    expect(await polls(3)).toEqual(['cut', 'cut', 4]);
  });
});

describe('a client that lets go of its poll to send something', () => {
  test('is held as long as it asks, if it sends before it polls again', async () => {
    for (let time = 0; time < 3; time += 1) {
      expect(await poll()).toBe('cut');
      await alice.send({ type: 'custom' });
    }
    expect(await poll({ cutAfterMs: Infinity })).toBe('whole');
  });

  test('is held as long as it asks, if its next poll overtakes what it sends', async () => {
    expect(await polls(2)).toEqual(['cut', 'cut']);
    const next = await startPoll({ cutAfterMs: Infinity });
    await alice.roster();
    expect(await next.outcome()).toBe('whole');
  });

  test('is held as long as it asks, if the server learns late of the closed connection', async () => {
    await poll();
    const next = await startPoll();
    await clock.advance(CUT_AFTER_MS - 500);
    await alice.send({ type: 'custom' });
    await clock.advance(500);
    expect(await next.outcome()).toBe('cut');
    expect(await poll({ cutAfterMs: Infinity })).toBe('whole');
  });
});
