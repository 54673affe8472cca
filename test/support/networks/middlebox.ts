import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Daemon } from './daemon.ts';
import type { Endpoint, Namespace } from './namespace.ts';

const PROCESS = fileURLToPath(new URL('middlebox-process.ts', import.meta.url));

interface Proxy {
  readonly at: Endpoint;
  /** What it does with a connection that the server has upgraded; see `middlebox-process.ts`. */
  readonly treatment: 'pass' | 'kill' | 'mute';
}

/** TCP proxies in front of one server that tell WebSockets from requests. */
export class Middlebox {
  readonly #daemon: Daemon;
  #resets = 0;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  static async start(machine: Namespace, server: Endpoint, proxies: readonly Proxy[]): Promise<Middlebox> {
    const args = proxies.flatMap(({ at, treatment }) => [at.host, String(at.port), treatment]);
    const daemon = machine.start([process.execPath, PROCESS, server.host, String(server.port), ...args]);
    for (const { at } of proxies) await daemon.untilPrinted(new RegExp(`listening at ${at.host}$`, 'm'));
    return new Middlebox(daemon);
  }

  /** Resets all upgraded connections. */
  async resetUpgraded(): Promise<void> {
    this.#resets += 1;
    process.kill(this.#daemon.pid, 'SIGUSR2');
    await this.#daemon.untilPrinted(new RegExp(`(reset\\n){${this.#resets}}`));
  }
}
