import { Proxy } from './proxy.ts';
import { ServerProcess, temporaryDatabase } from './server-process.ts';

/** Servers that follow each other on one database, behind one address at which requests wait for the next server. */
export class Succession {
  readonly proxy: Proxy;
  server: ServerProcess;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(proxy: Proxy, server: ServerProcess, env: Readonly<Record<string, string>>) {
    this.proxy = proxy;
    this.server = server;
    this.#env = env;
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Succession> {
    const env = { STORE_URL: temporaryDatabase(), DRAIN_SECONDS: '2', ...settings };
    const server = await ServerProcess.start({ env });
    return new Succession(await Proxy.start(server.url), server, env);
  }

  /** Ends the server, by `kill -9` or by SIGTERM, and puts the next one in its place. */
  async succeed(how: 'kill' | 'stop'): Promise<void> {
    this.proxy.target = undefined;
    await this.server[how]();
    this.server = await ServerProcess.start({ env: this.#env });
    this.proxy.target = this.server.url;
  }
}
