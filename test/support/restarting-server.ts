import { Proxy } from './proxy.ts';
import { ServerProcess, temporaryDatabase } from './server-process.ts';

/** A server that can be restarted on its database, behind a proxy that delays requests until the next process is up. */
export class RestartingServer {
  readonly proxy: Proxy;
  server: ServerProcess;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(proxy: Proxy, server: ServerProcess, env: Readonly<Record<string, string>>) {
    this.proxy = proxy;
    this.server = server;
    this.#env = env;
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RestartingServer> {
    const env = { STORE_URL: temporaryDatabase(), DRAIN_SECONDS: '2', ...settings };
    const server = await ServerProcess.start({ env });
    return new RestartingServer(await Proxy.start(server.url), server, env);
  }

  /** Ends the server, by `kill -9` or by SIGTERM, and starts the next one. */
  async restart(how: 'kill' | 'stop'): Promise<void> {
    this.proxy.target = undefined;
    await this.server[how]();
    this.server = await ServerProcess.start({ env: this.#env });
    this.proxy.target = this.server.url;
  }
}
