import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cleanUp } from '../support/clean-up.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { killAll, startServer } from '../support/command.ts';

afterEach(cleanUp);
afterEach(killAll);

const BODY = '{"participantId":"late"}';

/** Runs inside the server: after the first SIGINT, blocks the process for longer than one key press and until the file exists. */
const blockedAfterInterrupt = (path: string): string => `
  import { existsSync } from 'node:fs';
  process.once('SIGINT', () => {
    setImmediate(() => {
      console.log(JSON.stringify({ level: 'info', msg: 'blocked' }));
      for (const sinceMs = performance.now(); performance.now() - sinceMs < 400 || !existsSync(${JSON.stringify(path)}););
    });
  });`;

/** Sends only the head of a join. The server has answered `100 Continue` and waits for the body. */
async function openRequest(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /v1/rooms/r/participants HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${BODY.length}\r\nExpect: 100-continue\r\n\r\n`,
  );
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toMatch(/^HTTP\/1.1 100 /);
  return socket;
}

async function joinRoom(url: string): Promise<{ token: string }> {
  const reply = await fetch(`${url}/v1/rooms/r/participants`, { method: 'POST' });
  expect(reply.status).toBe(201);
  return (await reply.json()) as { token: string };
}

describe('SIGTERM', () => {
  test('ends an idle server with 0', async () => {
    const { command } = await startServer();
    command.signal('SIGTERM');
    expect(await command.logged(/^draining/)).toMatchObject({ signal: 'SIGTERM', drainSeconds: 8 });
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('answers a held poll before the process ends', async () => {
    const { command, url } = await startServer({}, '--log-level', 'debug');
    const { token } = await joinRoom(url);
    const poll = fetch(`${url}/v1/rooms/r/messages?wait=50`, { headers: { Authorization: `Bearer ${token}` } });
    await listening(url, token);
    command.signal('SIGTERM');
    const reply = await poll;
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({ messages: [], more: false });
    expect((await command.ended).code).toBe(0);
  });

  test('has no effect when it is repeated: requests in progress are still answered', async () => {
    const { command, url } = await startServer({}, '--drain-seconds', '600');
    const socket = await openRequest(url);
    command.signal('SIGTERM');
    await command.logged(/^draining/);
    command.signal('SIGTERM');
    command.signal('SIGTERM');
    socket.write(BODY);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^HTTP\/1.1 201 /);
    const { code, stdout } = await command.ended;
    expect({ code, drains: stdout.match(/"msg":"draining"/g)?.length }).toEqual({ code: 0, drains: 1 });
  });

  test('ends the wait for an unfinished request after DRAIN_SECONDS', async () => {
    const { command, url } = await startServer({}, '--drain-seconds', '1');
    await openRequest(url);
    command.signal('SIGTERM');
    expect((await command.ended).code).toBe(0);
  });
});

describe('SIGINT', () => {
  test('drains like SIGTERM, even if one key press arrives twice', async () => {
    const { command } = await startServer();
    command.signal('SIGINT');
    command.signal('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('counts as one key press when a busy process reads the second signal late', async () => {
    const unblocked = join(temporaryDirectory(), 'unblocked');
    const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(blockedAfterInterrupt(unblocked))}`];
    const { command, url } = await startServer({ execArgv }, '--drain-seconds', '600');
    const socket = await openRequest(url);
    command.signal('SIGINT');
    await command.logged(/^blocked/);
    command.signal('SIGINT');
    writeFileSync(unblocked, '');
    socket.write(BODY);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^HTTP\/1.1 201 /);
    expect((await command.ended).code).toBe(0);
  });

  test('ends a draining server at once with 130 when it is repeated', async () => {
    const { command, url } = await startServer({}, '--drain-seconds', '600');
    await openRequest(url);
    command.signal('SIGINT');
    await command.logged(/^draining/);
    const ended = { isSo: false };
    void command.ended.then(() => (ended.isSo = true));
    while (!ended.isSo) {
      // Longer than the time in which two signals count as one key press, unless the server is slower than that.
      await pause(400);
      command.signal('SIGINT');
    }
    expect((await command.ended).code).toBe(130);
  });
});

/** Resolves once the participant's poll is held, according to the roster. */
async function listening(url: string, token: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` };
  for (;;) {
    const reply = await fetch(`${url}/v1/rooms/r/participants`, { headers });
    const { participants } = (await reply.json()) as { participants: { listening: boolean }[] };
    if (participants.some((participant) => participant.listening)) return;
  }
}
