import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { App } from './app.ts';
import type { Edge } from './edge.ts';
import { createHttpServer } from './server.ts';

/** After the last answer: time for the other side to take it and hang up, before connections are cut. */
const LINGER_MS = 1_000;

/** Listens, and stops without resetting a connection that is in use. */
export class Listener {
  readonly #server: Server;
  #openRequests = 0;
  #onQuiet: (() => void) | undefined;

  constructor(app: App, edge: Edge) {
    this.#server = createHttpServer(app, edge);
    this.#server.on('request', (_req, res) => {
      this.#openRequests += 1;
      res.once('close', () => this.#closed());
    });
  }

  async listen(host: string, port: number): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this.#server.address() as AddressInfo;
  }

  /** Goes on serving until no request is open, at most `drainMs`; then takes no more, and lets connections end. */
  async close(drainMs: number): Promise<void> {
    if (!this.#server.listening) return;
    await this.#quiet(drainMs);
    const ended = new Promise((resolve) => this.#server.close(resolve));
    const cut = setTimeout(() => this.#server.closeAllConnections(), LINGER_MS);
    await ended;
    clearTimeout(cut);
  }

  #quiet(atMostMs: number): Promise<void> {
    if (this.#openRequests === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, atMostMs);
      this.#onQuiet = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #closed(): void {
    this.#openRequests -= 1;
    if (this.#openRequests === 0) this.#onQuiet?.();
  }
}
