import { readdirSync, statSync } from 'node:fs';
import { type Command, startServer } from '../../test/support/command.ts';

/**
 * On SIGUSR2, collects the garbage and logs the remaining memory. Without a collection the figures mean little: V8
 * keeps tens of megabytes of garbage as long as nothing needs the space.
 */
const REPORTER = `process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed: heapBytes, rss: rssBytes } = process.memoryUsage();
  process.stdout.write(JSON.stringify({ level: 'info', msg: 'memory', heapBytes, rssBytes }) + '\\n');
})`;
const RUNTIME_FLAGS = ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(REPORTER)}`];

const HEALTHY_LEVELS = ['info', 'warn', 'debug'];

export interface Memory {
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** The service as a child process, on one file and one port, however often it restarts. */
export class SoakServer {
  readonly database: string;
  readonly #commands: Command[] = [];
  #port = 0;
  #adminPort = 0;

  constructor(database: string) {
    this.database = database;
  }

  get port(): number {
    return this.#port;
  }

  /** Log lines of all starts that report an error. */
  get errors(): readonly string[] {
    const lines = this.#commands.flatMap((command) => command.lines);
    return lines.filter(({ level }) => !HEALTHY_LEVELS.includes(level)).map((line) => JSON.stringify(line));
  }

  async start(): Promise<void> {
    const env = {
      PORT: String(this.#port),
      ADMIN_PORT: String(this.#adminPort),
      STORE_URL: `sqlite:${this.database}`,
      RATE_LIMIT: 'off',
      DEFAULT_IDLE_TIMEOUT_SECONDS: '5',
      DRAIN_SECONDS: '2',
    };
    const { command, port, adminPort } = await startServer({ env, execArgv: RUNTIME_FLAGS });
    this.#commands.push(command);
    this.#port = port;
    this.#adminPort = adminPort ?? 0;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const command = this.#commands.at(-1);
    command?.signal(signal);
    await command?.ended;
  }

  /** @returns the value of a series, 0 when it does not exist */
  async metrics(): Promise<(series: string) => number> {
    const text = await (await fetch(`http://127.0.0.1:${this.#adminPort}/metrics`)).text();
    const lines = text.split('\n');
    return (series) => Number(lines.find((line) => line.startsWith(`${series} `))?.split(' ')[1] ?? 0);
  }

  /** Memory right after a garbage collection. */
  async memory(): Promise<Memory> {
    const command = this.#running();
    const seen = command.lines.length;
    const report = command.line((line) => line.msg === 'memory' && command.lines.indexOf(line) >= seen, 'memory');
    command.signal('SIGUSR2');
    const { heapBytes, rssBytes } = await report;
    return { heapBytes: Number(heapBytes), rssBytes: Number(rssBytes) };
  }

  /** Number of open file descriptors. */
  openFiles(): number {
    return readdirSync(`/proc/${this.#running().pid}/fd`).length;
  }

  /** Size of the database and its write-ahead log. */
  fileBytes(): number {
    return ['', '-wal'].reduce((sum, suffix) => sum + sizeOf(`${this.database}${suffix}`), 0);
  }

  #running(): Command {
    const command = this.#commands.at(-1);
    if (command === undefined) throw new Error('the server has not started');
    return command;
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
