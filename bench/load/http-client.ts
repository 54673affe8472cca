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

/** One process of a server, and the connections to it that are free. */
interface Target {
  port: number;
  idle: Connection[];
}

/**
 * The HTTP client of every system in the bench: raw sockets, a keep-alive pool (the latest used first), few header fields.
 * One client for all keeps the comparison about the servers. Of several processes each request takes the next one.
 */
export class HttpClient {
  requests = 0;
  readonly #targets: readonly Target[];
  readonly #open = new Set<Connection>();

  constructor(...ports: readonly number[]) {
    this.#targets = ports.map((port) => ({ port, idle: [] }));
  }

  /** `headers` is raw text, each line ending in CRLF. */
  request(method: Method, path: string, headers?: string, body?: string): Promise<Reply> {
    const target = this.#next();
    return this.#take(target).exchange(this.#format(target, method, path, headers, body));
  }

  cuttable(method: Method, path: string, headers?: string, body?: string): Cuttable {
    const target = this.#next();
    const connection = this.#take(target);
    let isCut = false;
    const reply = connection.exchange(this.#format(target, method, path, headers, body)).catch((error: unknown) => {
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
    for (const target of this.#targets) target.idle.length = 0;
  }

  #next(): Target {
    const target = this.#targets[this.requests++ % this.#targets.length];
    if (target === undefined) throw new Error('a client without a server');
    return target;
  }

  #format({ port }: Target, method: Method, path: string, headers = '', body?: string): string {
    const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}${length}\r\n`;
    return head + (body ?? '');
  }

  #take({ port, idle }: Target): Connection {
    for (let candidate = idle.pop(); candidate !== undefined; candidate = idle.pop()) {
      if (candidate.usable && performance.now() - candidate.idleSinceMs < MAX_IDLE_MS) return candidate;
      this.#drop(candidate);
    }
    const connection = new Connection(port, (free) => {
      free.idleSinceMs = performance.now();
      idle.push(free);
    });
    this.#open.add(connection);
    return connection;
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
