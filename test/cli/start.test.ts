import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, killAll, startServer } from '../support/command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdline-'));
});
afterEach(killAll);
afterAll(() => rmSync(folder, { recursive: true }));

/** Waits until the process ended with 1 after exactly one line, which it returns. */
async function refusal(command: Command): Promise<string> {
  const { code, stdout, stderr } = await command.ended;
  expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
  return stderr;
}

describe('a starting server', () => {
  test('logs its address and serves there', async () => {
    const { command, url } = await startServer();
    expect(await command.logged(/^listening/)).toMatchObject({
      level: 'info',
      msg: `listening on ${url}`,
      store: 'sqlite',
    });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  test('warns about open mode', async () => {
    const { command } = await startServer();
    const { level, msg } = await command.logged(/open mode/);
    expect({ level, msg }).toEqual({
      level: 'warn',
      msg: expect.stringContaining("anyone who knows a room's name may join it"),
    });
  });

  test('logs its settings at level debug, without secrets', async () => {
    const iceServers = '[{"urls":"turn:t.example","username":"u","credential":"hunter2"}]';
    const { command } = await startServer({}, '--log-level', 'debug', '--ice-servers', iceServers);
    const line = await command.logged(/^settings$/);
    expect(line).toMatchObject({ settings: { maxWaitSeconds: 50, openMode: true, host: '127.0.0.1' } });
    expect(JSON.stringify(line)).not.toContain('hunter2');
  });

  test('creates the directory of its database', async () => {
    const path = join(folder, 'deep', 'er', 'holdline.db');
    await startServer({ env: { STORE_URL: `sqlite:${path}` } });
    expect(existsSync(path)).toBe(true);
  });
});

describe('a start that fails ends with 1 and one line', () => {
  test('when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const args = ['--host', '127.0.0.1', '--port', String(port), '--store-url', 'sqlite::memory:'];
    const line = await refusal(new Command(args));
    other.close();
    expect(line).toContain(`EADDRINUSE`);
    expect(line).toContain(`127.0.0.1:${port}`);
  });

  test('when the file is not a database, and leaves the file unchanged', async () => {
    const path = join(folder, 'letter.db');
    writeFileSync(path, 'Dear reader, '.repeat(1000));
    const line = await refusal(new Command(['--port', '0', '--store-url', `sqlite:${path}`]));
    expect(line).toContain(path);
    expect(readFileSync(path, 'utf8')).toBe('Dear reader, '.repeat(1000));
  });

  test('when another process uses the database', async () => {
    const url = `sqlite:${join(folder, 'shared.db')}`;
    await startServer({ env: { STORE_URL: url } });
    expect(await refusal(new Command(['--port', '0', '--store-url', url]))).toContain('in use by another process');
  });

  test('when the database cannot be created', async () => {
    writeFileSync(join(folder, 'file'), '');
    const path = join(folder, 'file', 'holdline.db');
    expect(await refusal(new Command(['--port', '0', '--store-url', `sqlite:${path}`]))).toContain(path);
  });
});

test('an unhandled error is logged as fatal with its stack, and ends the process with 1', async () => {
  const bomb = 'process.on("SIGUSR2", () => { Promise.reject(new Error("boom")); })';
  const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(bomb)}`];
  const { command } = await startServer({ execArgv });
  // The fatal line is flushed before lines that are still being written, so this waits for the last line of the start.
  await command.logged(/^open mode/);
  command.signal('SIGUSR2');
  const { code, stdout } = await command.ended;
  expect(code).toBe(1);
  expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    level: 'fatal',
    err: { message: 'boom', stack: expect.stringContaining('Error: boom') },
    origin: 'unhandledRejection',
  });
});
