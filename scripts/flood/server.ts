import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The real service on a free port of this machine, with the settings given and all others at their defaults. */
export class FloodedServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(settings: Readonly<Record<string, string>>): Promise<FloodedServer> {
    const folder = mkdtempSync(join(tmpdir(), 'holdline-flood-'));
    const env = { HOST: '127.0.0.1', PORT: '0', STORE_URL: `sqlite:${folder}/holdline.db`, DRAIN_SECONDS: '1' };
    const child = spawn(process.execPath, [MAIN], {
      env: { ...env, ...settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const { port } = JSON.parse(line) as { port?: number };
      if (port !== undefined) return new FloodedServer(`http://127.0.0.1:${port}`, child, folder);
    }
    throw new Error('the server has ended before it listened');
  }

  /** CPU time of the process so far, in microseconds; as Linux tells it, to 10 ms. NaN elsewhere. */
  get cpuUs(): number {
    const path = `/proc/${this.#child.pid ?? ''}/stat`;
    const [, fields = ''] = existsSync(path) ? readFileSync(path, 'utf8').split(') ') : [];
    const [userTicks, systemTicks] = fields.split(' ').slice(11, 13).map(Number);
    return ((userTicks ?? NaN) + (systemTicks ?? NaN)) * 10_000;
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
