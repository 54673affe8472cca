import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';
import { NO_IDLE_TIMEOUT } from '../support/no-idle-timeout.ts';

type Answering = (res: ServerResponse) => void;

/** Publishes keys, as an identity provider does, on an address of this machine. */
export class KeyServer {
  /** How often it was asked. */
  asked = 0;
  readonly url: string;
  readonly #server: Server;
  #answer: Answering = (res) => res.end();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    server.on('request', (_req, res) => {
      this.asked += 1;
      this.#answer(res);
    });
  }

  static async start(): Promise<KeyServer> {
    const server = createServer(NO_IDLE_TIMEOUT).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new KeyServer(server);
  }

  publish(...keys: JWK[]): void {
    this.answers((res) => res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys })));
  }

  answers(answer: Answering): void {
    this.#answer = answer;
  }

  /** Cuts every connection before it is answered. */
  fail(): void {
    this.answers((res) => res.destroy());
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
