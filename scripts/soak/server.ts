import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const HEALTHY_LEVELS = ['info', 'warn', 'debug'];

/** The service as a process of its own, on one file and one port, however often it is restarted. */
export class SoakServer {
  readonly database: string;
  /** What it has logged as a fault of its own. */
  readonly faults: string[] = [];
  #child: ChildProcess | undefined;
  #port = 0;
  #adminPort = 0;

  constructor(database: string) {
    this.database = database;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
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
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
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
    const entry = JSON.parse(line) as { level: string; msg: string; port?: number; adminPort?: number };
    if (!HEALTHY_LEVELS.includes(entry.level)) this.faults.push(line);
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

  /** Bytes of memory, open descriptors, bytes of the database and its log. */
  footprint(): { rssBytes: number; handles: number; fileBytes: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const rssBytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
    const fileBytes = ['', '-wal'].reduce((sum, end) => sum + sizeOf(`${this.database}${end}`), 0);
    return { rssBytes, handles: readdirSync(`/proc/${this.pid}/fd`).length, fileBytes };
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
