import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { freePort } from '../free-port.ts';
import { AdminConnection } from './admin-connection.ts';

/** Keeps data in memory, and makes starts and replication fast. Later arguments override these. */
const QUICK = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'] as const;

type Child = ChildProcessByStdio<null, Readable, null>;

/** A deployment that a store can use: one server or a cluster. */
export interface RedisDeployment {
  readonly url: string;
  readonly masters: readonly RedisServer[];
  /** Resolves once everything published on any node before the call has reached all nodes. */
  readonly flush?: () => Promise<void>;
}

/** A real Redis on its own port. The caller of `start` must end it. */
export class RedisServer implements RedisDeployment {
  readonly port: number;
  readonly #args: readonly string[];
  readonly #directory: string;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<() => void>();
  #child: Child | undefined;
  #admin: Promise<AdminConnection> | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
    this.#directory = mkdtempSync(join(tmpdir(), 'holdline-redis-'));
  }

  static async start(...args: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    await server.#launch();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get masters(): readonly RedisServer[] {
    return [this];
  }

  /** Sends a command as an operator would with `redis-cli`. */
  async command(...args: readonly (string | number | Buffer)[]): Promise<unknown> {
    this.#admin ??= AdminConnection.open(this.port);
    return (await this.#admin).command(args);
  }

  /** Resolves at the first log line that matches, including those since the mark. */
  async logged(words: RegExp, since = this.#lines.length): Promise<void> {
    if (this.#lines.slice(since).some((line) => words.test(line))) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!words.test(this.#lines.at(-1) ?? '')) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  /** For `logged`: includes all log lines from now on. */
  get mark(): number {
    return this.#lines.length;
  }

  /** `kill -9`. Its data on disk stays. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const admin = this.#admin;
    this.#admin = undefined;
    child.kill('SIGKILL');
    await once(child, 'close');
    (await admin?.catch(() => undefined))?.close();
  }

  /** After `kill`: starts another process on the same port and the same data on disk. */
  async restart(): Promise<void> {
    await this.#launch();
  }

  /** Ends the server and removes its data. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #launch(): Promise<void> {
    const since = this.mark;
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#directory];
    const child = spawn('redis-server', [...own, ...QUICK, ...this.#args], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      for (const look of [...this.#watchers]) look();
    });
    const early = once(child, 'close').then(() => this.#child === child && Promise.reject(this.#failure()));
    await Promise.race([this.logged(/Ready to accept connections/, since), early]);
    early.catch(() => undefined);
  }

  #failure(): Error {
    return new Error(`redis-server ended by itself: ${this.#lines.slice(-5).join('\n')}`);
  }
}
