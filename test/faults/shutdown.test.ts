import { afterEach, describe, expect, test } from '@jest/globals';
import type { Batch, JoinResult } from '../../src/wire/index.ts';
import { cleanUp } from '../support/clean-up.ts';
import { Connection, type RawReply } from '../support/connection.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import { ServerProcess, temporaryDatabase, untilListening } from '../support/server-process.ts';

afterEach(cleanUp);
afterEach(closeServices);

const HELD_POLLS = 5_000;
/** A busy machine takes a minute to open all polls, and no window may end meanwhile. */
const MAX_WAIT_SECONDS = 300;
/** Concurrent joins; more would only queue. */
const CONCURRENCY = 100;

interface Held {
  readonly connection: Connection;
  readonly joined: JoinResult;
}

/** Joins a participant, alone in its room, and sends its poll. */
async function openPoll(url: string, roomId: string): Promise<Held> {
  const connection = await Connection.open(url);
  connection.request('POST', `/v1/rooms/${roomId}/participants`);
  const joined = JSON.parse((await connection.reply()).text) as JoinResult;
  connection.request('GET', `/v1/rooms/${roomId}/messages?wait=${MAX_WAIT_SECONDS}&after=${joined.cursor}`, {
    token: joined.token,
  });
  return { connection, joined };
}

async function openPolls(url: string, count: number): Promise<Held[]> {
  const held: Held[] = [];
  while (held.length < count) {
    const rooms = Array.from({ length: CONCURRENCY }, (_, n) => `room-${held.length + n}`);
    held.push(...(await Promise.all(rooms.map((roomId) => openPoll(url, roomId)))));
  }
  return held;
}

/** Resolves once the roster shows each participant as listening. */
async function untilAllListen(url: string, held: readonly Held[]): Promise<void> {
  const asker = await Connection.open(url);
  for (const { joined } of held) {
    let roster: RawReply | undefined;
    while (roster?.text.includes('"listening":true') !== true) {
      asker.request('GET', `/v1/rooms/${joined.roomId}/participants`, { token: joined.token });
      roster = await asker.reply();
    }
  }
}

describe('SIGTERM while polls are held', () => {
  test('each of 5,000 held polls ends with an empty 200, and no connection is reset', async () => {
    const server = await ServerProcess.start({
      env: { RATE_LIMIT: 'off', MAX_WAIT_SECONDS: String(MAX_WAIT_SECONDS) },
    });
    const held = await openPolls(server.url, HELD_POLLS);
    await untilAllListen(server.url, held);

    const ended = server.stop();
    const replies = await Promise.all(held.map(({ connection }) => connection.reply()));
    const closings = await Promise.all(held.map(({ connection }) => connection.closed));
    expect((await ended).code).toBe(0);
    expect(new Set(closings)).toEqual(new Set(['ended']));
    expect(new Set(replies.map(({ status, headers }) => `${status} ${headers.connection ?? ''}`))).toEqual(
      new Set(['200 close']),
    );
    const batches = replies.map(({ text }) => JSON.parse(text) as Batch);
    expect(batches.filter(({ messages, more, expired }) => messages.length > 0 || more || expired > 0)).toEqual([]);
  });

  test('during the drain, sends are served and reach held polls, and new polls get 503 with Connection: close', async () => {
    const server = await ServerProcess.start({ env: { DRAIN_SECONDS: '60', RATE_LIMIT: 'off' } });
    const ledger = new Ledger();
    const alice = await ledger.join(server.url, 'room', 'alice');
    const others = await openPolls(server.url, CONCURRENCY);
    // The polls end in the order of their arrival, over most of the minute: this poll is the last.
    const bob = await ledger.join(server.url, 'room', 'bob');
    const poll = bob.poll({ after: bob.joined.cursor, wait: 20 });
    await untilListening(bob);
    await untilAllListen(server.url, others);

    const ended = server.stop();
    await server.command.logged(/^draining/);
    expect(await alice.call('receiveMessages', { query: { wait: 20 } })).toMatchObject({
      status: 503,
      headers: { 'retry-after': expect.stringMatching(/^\d+$/), connection: 'close' },
      body: { code: 'shutting-down', retryable: true },
    });
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'in the last moment' });
    expect((await poll).messages).toMatchObject([{ id }]);
    // The drain is over when no poll is held.
    await Promise.all(others.map(({ connection }) => connection.reset()));
    expect((await ended).code).toBe(0);
  });
});

describe('SIGTERM during a commit', () => {
  test.each(['new', 'kept alive'])('requests in transit on %s connections are answered', async (kind) => {
    const server = await ServerProcess.start({ env: { STORE_URL: temporaryDatabase() } });
    const ledger = new Ledger();
    const alice = await ledger.join(server.url, 'room', 'alice');
    const { participantId: to } = (await ledger.join(server.url, 'room', 'bob')).joined;
    const connections = await Promise.all(Array.from({ length: 20 }, () => Connection.open(server.url)));
    if (kind === 'kept alive') await Promise.all(connections.map(useOnce));
    connections.forEach((connection, payload) => {
      const body = { to, type: 'custom', payload };
      connection.request('POST', '/v1/rooms/room/messages', { token: alice.token, body });
    });
    const ended = server.stop();
    const replies = await Promise.all(connections.map((connection) => connection.reply()));
    expect(replies.map(({ status }) => status)).toEqual(connections.map(() => 201));
    expect(await Promise.all(connections.map(({ closed }) => closed))).toEqual(connections.map(() => 'ended'));
    expect((await ended).code).toBe(0);
  });
});

test('a request that arrives during the close is answered, even if the process gets no CPU for 300 ms', async () => {
  const { service, url } = await startService({ drainSeconds: 600 });
  const connection = await Connection.open(url);
  await useOnce(connection);
  const closed = service.holdline.close();
  connection.request('GET', '/healthz');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  expect((await connection.reply()).status).toBe(200);
  await closed;
});

async function useOnce(connection: Connection): Promise<void> {
  connection.request('GET', '/healthz');
  await connection.reply();
}
