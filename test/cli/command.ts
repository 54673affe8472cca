import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  /** For the runtime, before the script. */
  readonly execArgv?: readonly string[];
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();

/** The `holdline` command in its own process, without the environment of the test. */
export class Command {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: LogLine[] = [];
  #text = '';
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], { env = {}, execArgv = [] }: Options = {}) {
    this.#child = spawn(process.execPath, [...execArgv, main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.ended = this.#collect(this.#child);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#text += `${line}\n`;
      if (line.startsWith('{')) this.#lines.push(JSON.parse(line) as LogLine);
      for (const look of this.#watchers) look();
    });
  }

  async #collect(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    running.delete(child);
    return { code, ...output };
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the process has not started');
    return pid;
  }

  /** The log lines so far. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves with the first past or future log line whose message matches. Rejects when the process ends without one. */
  logged(words: RegExp): Promise<LogLine> {
    return this.line(({ msg }) => words.test(msg), String(words));
  }

  /** The same with a predicate over the whole line. */
  line(matches: (line: LogLine) => boolean, called: string): Promise<LogLine> {
    return this.#find(() => this.#lines.find(matches), called);
  }

  /** Resolves once the complete lines of its output match, JSON or not. */
  async shown(pattern: RegExp): Promise<void> {
    await this.#find(() => pattern.exec(this.#text) ?? undefined, String(pattern));
  }

  #find<T>(look: () => T | undefined, called: string): Promise<T> {
    const found = new Promise<T>((resolve) => {
      const watch = (): void => {
        const result = look();
        if (result !== undefined) resolve(result);
      };
      this.#watchers.add(watch);
      watch();
    });
    const ended = this.ended.then(({ stderr }) => Promise.reject(new Error(`ended without ${called}: ${stderr}`)));
    return Promise.race([found, ended]);
  }
}

/** Starts a server on a free port of the loopback address. */
export async function startServer(
  options: Options = {},
  ...args: string[]
): Promise<{ command: Command; url: string }> {
  const env = { HOST: '127.0.0.1', PORT: '0', STORE_URL: 'sqlite::memory:', ...options.env };
  const command = new Command(args, { ...options, env });
  const { port } = await command.logged(/^listening/);
  return { command, url: `http://127.0.0.1:${String(port)}` };
}

/** For `afterEach`, so that a failed test leaves no process behind. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
