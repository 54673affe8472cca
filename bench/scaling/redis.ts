import { createClient } from '@redis/client';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SCRIPTS } from '../../src/store/redis/scripts.ts';
import { Program } from '../../test/support/command.ts';
import { freePort } from '../../test/support/free-port.ts';
import { SERVER_CORE, pinned } from '../measure/machine.ts';
import { percentiles } from '../measure/figures.ts';
import { ProcessTree } from '../measure/process-tree.ts';
import type { RedisUse, ScriptUse } from './results.ts';

const START_DEADLINE_MS = 5_000;
/** Disables rewrites of the append-only file, which would fall into some runs only. */
const ALWAYS = ['--bind', '127.0.0.1', '--save', '', '--auto-aof-rewrite-percentage', '0'];
const NAMES: ReadonlyMap<string, string> = new Map(Object.values(SCRIPTS).map(({ sha, name }) => [sha, name]));
/** Length of the slow log: more commands than a watched load can run. */
const MAX_WATCHED = 200_000;

type Client = ReturnType<typeof connectTo>;
type Counters = RedisUse & { atMs: number };

/** A real Redis on the core of the servers. It ends with the process group of the run. */
export class Redis {
  readonly port: number;
  readonly #program: Program;
  readonly #client: Client;

  private constructor(port: number, program: Program, client: Client) {
    this.port = port;
    this.#program = program;
    this.#client = client;
  }

  static async start(directory: string, args: readonly string[]): Promise<Redis> {
    const port = await freePort();
    const own = join(directory, `redis-${port}`);
    mkdirSync(own);
    const command = ['redis-server', '--port', String(port), '--dir', own, ...ALWAYS, ...args];
    const program = new Program(pinned(SERVER_CORE, command), { env: process.env, readsOutput: false });
    const client = connectTo(port);
    await Promise.race([client.connect(), delay(START_DEADLINE_MS, undefined, { ref: false }).then(failStart)]);
    return new Redis(port, program, client);
  }

  async stop(): Promise<void> {
    this.#client.destroy();
    this.#program.signal('SIGKILL');
    await this.#program.ended;
  }

  async usedBytes(): Promise<number> {
    return numberIn(await this.#info('memory'), 'used_memory');
  }

  /**
   * Deletes the keys that match.
   * @returns the memory that they used, in bytes
   */
  async drop(pattern: string): Promise<number> {
    const before = await this.usedBytes();
    const script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end";
    await this.#command('EVAL', script, '0', pattern);
    return before - (await this.usedBytes());
  }

  /** Resolves once the replica is up to date. */
  async replicated(): Promise<void> {
    while ((await this.#command('WAIT', '1', '100')) !== 1) await delay(50);
  }

  /** Measures Redis during the load, its background work included. */
  async during<T>(load: () => Promise<T>): Promise<{ outcome: T; use: RedisUse }> {
    const before = await this.#counters();
    const outcome = await load();
    const after = await this.#counters();
    const difference = (name: keyof RedisUse) => after[name] - before[name];
    const use: RedisUse = {
      seconds: (after.atMs - before.atMs) / 1000,
      cpuMs: difference('cpuMs'),
      scripts: difference('scripts'),
      commands: difference('commands'),
      published: difference('published'),
      bytesIn: difference('bytesIn'),
      bytesOut: difference('bytesOut'),
      aofBytes: difference('aofBytes'),
    };
    return { outcome, use };
  }

  /**
   * Lists the scripts of a load by name, from the slow log. Logging every command costs time, so nothing else is
   * measured meanwhile.
   */
  async watch(load: () => Promise<unknown>): Promise<ScriptUse[]> {
    await this.#command('CONFIG', 'SET', 'slowlog-max-len', String(MAX_WATCHED));
    await this.#command('SLOWLOG', 'RESET');
    await this.#command('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    await load();
    await this.#command('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
    const entries = (await this.#command('SLOWLOG', 'GET', '-1')) as [number, number, number, string[]][];
    await this.#command('SLOWLOG', 'RESET');
    return byName(entries);
  }

  async #counters(): Promise<Counters> {
    const [commands, stats, persistence] = await Promise.all([
      this.#info('commandstats'),
      this.#info('stats'),
      this.#info('persistence'),
    ]);
    const calls = new Map(
      [...commands.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, n]) => [name, Number(n)]),
    );
    return {
      atMs: performance.now(),
      seconds: 0,
      cpuMs: new ProcessTree(this.#program.pid).cpuMs(),
      scripts: (calls.get('evalsha') ?? 0) + (calls.get('eval') ?? 0),
      commands: [...calls.values()].reduce((sum, count) => sum + count, 0),
      published: calls.get('publish') ?? 0,
      bytesIn: numberIn(stats, 'total_net_input_bytes'),
      bytesOut: numberIn(stats, 'total_net_output_bytes'),
      aofBytes: numberIn(persistence, 'aof_current_size'),
    };
  }

  async #info(section: string): Promise<string> {
    return (await this.#command('INFO', section)) as string;
  }

  #command(...args: string[]): Promise<unknown> {
    return this.#client.sendCommand(args);
  }
}

function connectTo(port: number) {
  const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: 20 } });
  // Connections fail until it has started.
  client.on('error', () => undefined);
  return client;
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}

function byName(entries: readonly [number, number, number, string[]][]): ScriptUse[] {
  const found = new Map<string, number[]>();
  for (const [, , microseconds, [command = '', sha = '']] of entries) {
    if (command.toUpperCase() !== 'EVALSHA') continue;
    const name = NAMES.get(sha) ?? sha;
    const times = found.get(name) ?? [];
    times.push(microseconds);
    found.set(name, times);
  }
  return [...found]
    .map(([name, times]) => ({ name, runs: times.length, microseconds: percentiles(times).p50 }))
    .sort((one, other) => other.runs * other.microseconds - one.runs * one.microseconds);
}

function failStart(): never {
  throw new Error('redis-server does not answer');
}
