import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { AdminConnection } from './admin-connection.ts';

const COUNT = 3;
const NAME = 'signalling';
const LOOK_EVERY_MS = 100;
/** The silence after which the primary is replaced. Long enough for a busy machine. */
const DOWN_AFTER_MS = 3_000;

/** Three Sentinels that watch one primary and its replicas. */
export class Sentinels {
  readonly #ports: readonly number[];
  readonly #directory = mkdtempSync(join(tmpdir(), 'holdline-sentinel-'));
  readonly #children: ChildProcess[] = [];

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** Resolves once the Sentinels have discovered each other and the replica. */
  static async start(primaryPort: number): Promise<Sentinels> {
    const sentinels = new Sentinels(await Promise.all(Array.from({ length: COUNT }, freePort)));
    for (const port of sentinels.#ports) sentinels.#launch(port, primaryPort);
    await sentinels.#untilComplete();
    return sentinels;
  }

  get url(): string {
    return `redis+sentinel://${this.#ports.map((port) => `127.0.0.1:${port}`).join(',')}/${NAME}`;
  }

  async end(): Promise<void> {
    for (const child of this.#children) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #launch(port: number, primaryPort: number): void {
    const file = join(this.#directory, `${port}.conf`);
    const settings = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${this.#directory}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${NAME} 10000`,
    ];
    writeFileSync(file, settings.join('\n'));
    this.#children.push(spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }));
  }

  async #untilComplete(): Promise<void> {
    for (const port of this.#ports) while (!(await isComplete(port))) await pause(LOOK_EVERY_MS);
  }
}

async function isComplete(port: number): Promise<boolean> {
  const admin = await AdminConnection.open(port).catch(() => undefined);
  try {
    return String(await admin?.command(['INFO', 'sentinel'])).includes(`slaves=1,sentinels=${COUNT}`);
  } finally {
    admin?.close();
  }
}
