import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { Connection, requestText } from '../support/connection.ts';
import { Ledger } from '../support/ledger.ts';
import { ServerProcess, untilListening } from '../support/server-process.ts';

afterEach(cleanUp);

/** All timeouts for slow clients are divided by this, and so are the seconds of this test. */
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

const SLOW_CLIENTS = 10;
const openAll = (url: string): Promise<Connection[]> =>
  Promise.all(Array.from({ length: SLOW_CLIENTS }, () => Connection.open(url)));

describe('slow clients', () => {
  test('that trickle headers or bodies get 408 and are closed, while others are served and held polls stay held', async () => {
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

  test('that read one byte a second are disconnected, while others are served', async () => {
    const server = await start();
    const ledger = new Ledger();
    const alice = await ledger.join(server.url, 'room', 'alice');
    const slow = await openAll(server.url);
    for (const connection of slow) {
      connection.socket.pause();
      connection.write(requestText('GET', '/openapi.json').repeat(100));
      everySecond(() => {
        connection.socket.read(1);
        // An empty line between requests is ignored (RFC 9112, section 2.2), but writing it detects a closed connection.
        // Reading would not detect it before all received bytes are read.
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
