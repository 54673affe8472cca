import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { greeting } from '../../src/cli/greeting.ts';
import { defaultSettings } from '../../src/settings/settings.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { Command, killAll, startServer } from '../support/command.ts';

afterEach(cleanUp);
afterEach(killAll);

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A server on its own terminal. */
class Terminal {
  readonly #child;
  readonly exitCode: Promise<number | null>;
  #output = '';
  #onOutput = (): void => undefined;

  constructor(env: Readonly<Record<string, string>>) {
    // `exec` replaces the shell of `script`, which would end with 130 after Ctrl+C.
    const command = `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${MAIN}'`;
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', STORE_URL: 'sqlite::memory:', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += stripVTControlCharacters(text).replaceAll('\r', '');
      this.#onOutput();
    });
    this.exitCode = once(this.#child, 'close').then(([code]) => code as number | null);
    void this.exitCode.then(() => this.#onOutput());
    onCleanUp(() => void this.#child.kill('SIGKILL'));
  }

  get output(): string {
    return this.#output;
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Resolves with the first match in its past or future output. */
  shown(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((found, failed) => {
      this.#onOutput = () => {
        const match = pattern.exec(this.#output);
        if (match !== null) found(match);
        else if (this.#child.exitCode !== null) failed(new Error(`ended without ${String(pattern)}: ${this.#output}`));
      };
      this.#onOutput();
    });
  }
}

describe('a server started on a terminal', () => {
  test('prints a greeting with working addresses, and stops on Ctrl+C', async () => {
    const terminal = new Terminal({ LOG_LEVEL: 'debug' });
    const [, url = ''] = await terminal.shown(/Demo +(http:\S+)\/demo /);
    expect((await fetch(`${url}/demo`)).status).toBe(200);
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    await terminal.shown(/debug answered .*operation=getDemo/);
    terminal.type('\u0003');
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.output).toMatch(
      /open mode: .*\n +to close it, set ACCESS_TOKEN_SECRET.*info +draining .*info +stopped/s,
    );
    expect(terminal.output).not.toContain('{"level"');
  });

  test('writes JSON lines on a terminal with LOG_FORMAT=json', async () => {
    const terminal = new Terminal({ LOG_FORMAT: 'json' });
    await terminal.shown(/"msg":"listening on /);
    terminal.type('\u0003');
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.output).not.toContain('is running');
  });
});

describe('a server that is not started on a terminal', () => {
  test('writes only JSON lines', async () => {
    const { command } = await startServer();
    await command.logged(/^open mode/);
    command.signal('SIGTERM');
    const { stdout } = await command.ended;
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('{"level":')),
    ).toBe(true);
  });

  test('writes readable lines with LOG_FORMAT=pretty', async () => {
    const env = {
      HOST: '127.0.0.1',
      PORT: '0',
      STORE_URL: 'sqlite::memory:',
      LOG_FORMAT: 'pretty',
      DRAIN_SECONDS: '0',
    };
    const command = new Command([], { env });
    await command.shown(/to close it, set/);
    command.signal('SIGTERM');
    const { code, stdout } = await command.ended;
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/is running.*Data .*info +stopped\n$/s),
    });
  });

  test('writes no greeting with a LOG_LEVEL above info', async () => {
    const env = { HOST: '127.0.0.1', PORT: '0', STORE_URL: 'sqlite::memory:', LOG_FORMAT: 'pretty', LOG_LEVEL: 'warn' };
    const command = new Command([], { env });
    await command.shown(/warn +open mode/);
    command.signal('SIGTERM');
    expect((await command.ended).stdout).toMatch(/^[\d:]{8} warn +open mode.*\n$/);
  });
});

describe('the greeting', () => {
  const rowsOf = (settings: Parameters<typeof defaultSettings>[0], host = '0.0.0.0', adminPort?: number): string =>
    greeting(defaultSettings(settings), { host, port: 8080, ...(adminPort !== undefined && { adminPort }) });

  test('names localhost when the server listens on all addresses', () => {
    expect(rowsOf({})).toContain('http://localhost:8080  (all addresses of this machine)');
    expect(rowsOf({}, '::')).toContain('http://localhost:8080/demo ');
    expect(rowsOf({}, '::1')).toContain('http://[::1]:8080/docs');
  });

  test('names the location of the data', () => {
    expect(rowsOf({})).toContain(resolve('data/holdline.db'));
    expect(rowsOf({ store: { kind: 'sqlite', path: ':memory:' } })).toContain('in memory; lost when the process ends');
  });

  test('shows the URL of a Redis without the password', () => {
    const text = rowsOf({ store: { kind: 'redis', url: 'rediss://me:hunter2@redis.example:6380/1' } });
    expect(text).toContain('rediss://redis.example:6380/1');
    expect(text).not.toContain('hunter2');
  });

  test('does not mention a disabled demo, or open mode when access is restricted', () => {
    const text = rowsOf({ demo: 'off', apiKeys: ['0123456789abcdef'] }, '127.0.0.1', 9090);
    expect(text).not.toMatch(/\/demo|open mode|0123456789abcdef/);
    expect(text).toContain('http://127.0.0.1:9090/metrics');
  });
});
