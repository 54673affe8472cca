import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { Connection, requestText } from '../support/connection.ts';
import { Ledger } from '../support/ledger.ts';
import { ServerProcess, untilListening } from '../support/server-process.ts';

afterEach(cleanUp);

/** The server's limits on slow clients are long: here they are all this much shorter, and so is a second. */
const SHORTER = 10;
const WRITE_LIMIT_MS = 30_000;
const shorterLimits = `
  import http from 'node:http';
  import { syncBuiltinESMExports } from 'node:module';
  const { createServer } = http;
  const names = ['headersTimeout', 'requestTimeout', 'connectionsCheckingInterval', 'keepAliveTimeout'];
  http.createServer = (options, app) => {
    const shorter = Object.fromEntries(names.map((name) => [name, options[name] / ${SHORTER}]));
    return createServer({ ...options, ...shorter }, app);
  };
  syncBuiltinESMExports();
  const later = setTimeout;
  globalThis.setTimeout = (listener, ms, ...rest) =>
    later(listener, ms === ${WRITE_LIMIT_MS} ? ms / ${SHORTER} : ms, ...rest);`;

const start = (): Promise<ServerProcess> =>
  ServerProcess.start({ execArgv: ['--import', `data:text/javascript,${encodeURIComponent(shorterLimits)}`] });

const seconds = (count: number): number => (count * 1_000) / SHORTER;

function everySecond(work: () => void): void {
  const timer = setInterval(work, seconds(1));
  onCleanUp(() => clearInterval(timer));
}

/** Writes the text a byte at a time. */
function trickle(connection: Connection, text: string): void {
  let at = 0;
  everySecond(() => connection.write(text.charAt((at += 1) - 1)));
}

const BODY = JSON.stringify({ participantId: 'slow', displayName: 'x'.repeat(100) });

const CROWD = 10;
const openAll = (url: string): Promise<Connection[]> =>
  Promise.all(Array.from({ length: CROWD }, () => Connection.open(url)));

describe('fault 30', () => {
  test('slow headers and slow bodies are answered with 408 and closed; others are served, held polls not cut', async () => {
    const server = await start();
    const ledger = new Ledger();
    const alice = await ledger.join(server.url, 'room', 'alice');
    const bob = await ledger.join(server.url, 'room', 'bob');
    const startedMs = performance.now();
    const held = bob.poll({ after: bob.joined.cursor, wait: 50 });
    await untilListening(bob);

    const slowHeaders = await openAll(server.url);
    for (const connection of slowHeaders) trickle(connection, requestText('GET', `/healthz?${'x'.repeat(200)}`));
    const slowBodies = await openAll(server.url);
    const head = requestText('POST', '/v1/rooms/room/participants', {
      headers: { 'Content-Type': 'application/json', 'Content-Length': String(BODY.length) },
    });
    for (const connection of slowBodies) {
      connection.write(head);
      trickle(connection, BODY);
    }

    for (const connection of [...slowHeaders, ...slowBodies]) {
      expect(await connection.reply()).toMatchObject({ status: 408, headers: { connection: 'close' } });
      expect(await connection.closed).toBe('ended');
      expect(await alice.roster()).toHaveLength(2);
    }
    expect(performance.now() - startedMs).toBeGreaterThan(seconds(15));
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    expect((await held).messages).toMatchObject([{ id }]);
    await ledger.settle();
  });

  test('readers of one byte a second are cut off, and keep nobody from being served', async () => {
    const server = await start();
    const ledger = new Ledger();
    const alice = await ledger.join(server.url, 'room', 'alice');
    const slow = await openAll(server.url);
    for (const connection of slow) {
      connection.socket.pause();
      connection.write(requestText('GET', '/openapi.json').repeat(100));
      everySecond(() => {
        connection.socket.read(1);
        // A line end between requests means nothing; but on a connection that was cut, writing fails, which reading would
        // not before all that had arrived is read.
        connection.write('\r\n');
      });
    }
    const startedMs = performance.now();
    for (const connection of slow) {
      await connection.closed;
      expect(await alice.roster()).toHaveLength(1);
    }
    expect(performance.now() - startedMs).toBeGreaterThan(seconds(25));
    await ledger.settle();
  });
});
