import { Connection } from './connection.ts';
import type { Reply } from './reply.ts';

/** A poll that its caller may cut off, as a browser cancels a request: with its connection. Then there is no reply. */
export interface Cuttable {
  reply: Promise<Reply | undefined>;
  cut: () => void;
}

export type Method = 'GET' | 'POST' | 'DELETE';

/** Servers drop idle connections after 5 s (Node's default): one that idled longer than this is not trusted any more. */
const MAX_IDLE_MS = 3_000;

/**
 * The HTTP client of every system in the bench: raw sockets, a keep-alive pool (the latest used first), few header fields.
 * One client for all keeps the comparison about the servers.
 */
export class HttpClient {
  requests = 0;
  readonly #port: number;
  readonly #idle: Connection[] = [];
  readonly #open = new Set<Connection>();

  constructor(port: number) {
    this.#port = port;
  }

  /** `headers` is raw text, each line ending in CRLF. */
  request(method: Method, path: string, headers?: string, body?: string): Promise<Reply> {
    return this.#take().exchange(this.#format(method, path, headers, body));
  }

  cuttable(method: Method, path: string, headers?: string, body?: string): Cuttable {
    const connection = this.#take();
    let isCut = false;
    const reply = connection.exchange(this.#format(method, path, headers, body)).catch((error: unknown) => {
      if (isCut) return undefined;
      throw error;
    });
    const cut = () => {
      isCut = true;
      this.#drop(connection);
    };
    return { reply, cut };
  }

  close(): void {
    for (const connection of this.#open) connection.destroy(true);
    this.#open.clear();
    this.#idle.length = 0;
  }

  #format(method: Method, path: string, headers = '', body?: string): string {
    this.requests++;
    const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\n${headers}${length}\r\n`;
    return head + (body ?? '');
  }

  #take(): Connection {
    for (let candidate = this.#idle.pop(); candidate !== undefined; candidate = this.#idle.pop()) {
      if (candidate.usable && performance.now() - candidate.idleSinceMs < MAX_IDLE_MS) return candidate;
      this.#drop(candidate);
    }
    const connection = new Connection(this.#port, (free) => this.#release(free));
    this.#open.add(connection);
    return connection;
  }

  #release(connection: Connection): void {
    connection.idleSinceMs = performance.now();
    this.#idle.push(connection);
  }

  #drop(connection: Connection): void {
    this.#open.delete(connection);
    connection.destroy();
  }
}

/** Throws unless the answer is a 2xx: a refused request must stop a run, never flatter its figures. */
export function expectSuccess(reply: Reply): Reply {
  if (reply.status >= 200 && reply.status < 300) return reply;
  throw new Error(`answered ${reply.status}: ${reply.body.slice(0, 300)}`);
}
