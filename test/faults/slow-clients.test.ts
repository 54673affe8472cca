import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { Connection, requestText } from '../support/connection.ts';
import { Ledger } from '../support/ledger.ts';
import { ServerProcess, untilListening } from '../support/server-process.ts';

afterEach(cleanUp);

/** The server's own limits are long; its clock for them runs this much faster here, all of them alike. */
const FASTER = 10;
const fasterLimits = `
  import http from 'node:http';
  import { syncBuiltinESMExports } from 'node:module';
  const { createServer } = http;
  const names = ['headersTimeout', 'requestTimeout', 'connectionsCheckingInterval', 'keepAliveTimeout'];
  http.createServer = (options, app) => {
    const faster = Object.fromEntries(names.map((name) => [name, options[name] / ${FASTER}]));
    return createServer({ ...options, ...faster }, app);
  };
  syncBuiltinESMExports();
  const later = setTimeout;
  globalThis.setTimeout = (listener, ms, ...rest) => later(listener, ms >= 1_000 ? ms / ${FASTER} : ms, ...rest);`;

const start = (): Promise<ServerProcess> =>
  ServerProcess.start({ execArgv: ['--import', `data:text/javascript,${encodeURIComponent(fasterLimits)}`] });

/** One byte a second by that clock. */
const TICK_MS = 1_000 / FASTER;
/** By that clock: the longest of the limits, and how often they are looked at. */
const seconds = (count: number): number => (count * 1_000) / FASTER;

function everyTick(work: () => void): void {
  const timer = setInterval(work, TICK_MS);
  onCleanUp(() => clearInterval(timer));
}

/** Writes the text a byte at a time. */
function trickle(connection: Connection, text: string): void {
  let at = 0;
  everyTick(() => connection.write(text.charAt((at += 1) - 1)));
}

const BODY = JSON.stringify({ participantId: 'slow', displayName: 'x'.repeat(100) });

const CROWD = 20;
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
    expect(performance.now() - startedMs).toBeLessThan(seconds(35));
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
      connection.write(requestText('GET', '/openapi.json').repeat(200));
      everyTick(() => {
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
    expect(performance.now() - startedMs).toBeLessThan(seconds(60));
    await ledger.settle();
  });
});
