import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/**
 * Collects the garbage and tells what is left, at SIGUSR2. Without it memory says little: V8 lets tens of megabytes of garbage lie
 * as long as nobody needs the room.
 */
const REPORTER = `process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed: heapBytes, rss: rssBytes } = process.memoryUsage();
  process.stdout.write(JSON.stringify({ level: 'info', msg: 'memory', heapBytes, rssBytes }) + '\\n');
})`;
const RUNTIME_FLAGS = ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(REPORTER)}`];

export interface Memory {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

const HEALTHY_LEVELS = ['info', 'warn', 'debug'];

/** The service as a process of its own, on one file and one port, however often it is restarted. */
export class SoakServer {
  readonly database: string;
  /** What it has logged as a fault of its own. */
  readonly faults: string[] = [];
  #child: ChildProcess | undefined;
  #port = 0;
  #adminPort = 0;
  #onMemory: ((memory: Memory) => void) | undefined;

  constructor(database: string) {
    this.database = database;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const env = {
      HOST: '127.0.0.1',
      PORT: String(this.#port),
      ADMIN_PORT: String(this.#adminPort),
      STORE_URL: `sqlite:${this.database}`,
      RATE_LIMIT: 'off',
      DEFAULT_IDLE_TIMEOUT_SECONDS: '5',
      DRAIN_SECONDS: '2',
    };
    const child = spawn(process.execPath, [...RUNTIME_FLAGS, MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => this.#note(line));
    const ended = once(child, 'close').then(() => Promise.reject(new Error('the server ended before it listened')));
    const listening = new Promise<void>((resolve) =>
      lines.on('line', (line) => (line.includes('"listening on') ? resolve() : undefined)),
    );
    ended.catch(() => undefined);
    await Promise.race([listening, ended]);
  }

  #note(line: string): void {
    const entry = JSON.parse(line) as { level: string; msg: string; port?: number; adminPort?: number } & Memory;
    if (!HEALTHY_LEVELS.includes(entry.level)) this.faults.push(line);
    if (entry.msg === 'memory') this.#onMemory?.(entry);
    if (!entry.msg.startsWith('listening')) return;
    this.#port = entry.port ?? this.#port;
    this.#adminPort = entry.adminPort ?? this.#adminPort;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'close');
    child.kill(signal);
    await ended;
  }

  /** The value of a series, 0 when it is not there. */
  async metrics(): Promise<(series: string) => number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#adminPort}/metrics`)).text();
    return (series) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')[1] ?? 0,
      );
  }

  /** What lives, and what the process takes, right after its garbage was collected. */
  memory(): Promise<Memory> {
    return new Promise((resolve) => {
      this.#onMemory = ({ heapBytes, rssBytes }) => resolve({ heapBytes, rssBytes });
      this.#child?.kill('SIGUSR2');
    });
  }

  /** Open descriptors. */
  handles(): number {
    return readdirSync(`/proc/${this.#child?.pid ?? 0}/fd`).length;
  }

  /** Of the database and its log. */
  fileBytes(): number {
    return ['', '-wal'].reduce((sum, end) => sum + sizeOf(`${this.database}${end}`), 0);
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
