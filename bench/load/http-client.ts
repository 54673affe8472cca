import { connect, type Socket } from 'node:net';
import { parseReply, type Reply } from './reply.ts';
import { LeanWebSocket, type TextSocket } from './web-socket.ts';

/**
 * A poll that its caller may cut off together with its connection, as a browser cancels a request. A poll that was cut
 * off has no reply.
 */
export interface Cuttable {
  reply: Promise<Reply | undefined>;
  cut: () => void;
}

export type Method = 'GET' | 'POST' | 'DELETE';

/**
 * Node's servers close idle connections after 5 s by default, so a connection that idled for longer than this is not
 * used again.
 */
const MAX_IDLE_MS = 3_000;

/** A process of a server, and the free connections to it. */
interface Target {
  port: number;
  idle: Connection[];
}

/**
 * The HTTP client of every system in the bench: raw sockets, a keep-alive pool that takes the latest connection first,
 * few header fields. One client for all systems keeps the comparison about the servers. With several ports, each
 * request goes to the next one.
 */
export class HttpClient {
  requests = 0;
  readonly #targets: readonly Target[];
  readonly #open = new Set<Connection | LeanWebSocket>();

  constructor(...ports: readonly number[]) {
    this.#targets = ports.map((port) => ({ port, idle: [] }));
  }

  /** @param headers raw text, each line ending in CRLF */
  request(method: Method, path: string, headers?: string, body?: string): Promise<Reply> {
    const target = this.#nextTarget();
    return this.#connectionTo(target).exchange(format(target.port, method, path, headers, body));
  }

  cuttable(method: Method, path: string, headers?: string, body?: string): Cuttable {
    const target = this.#nextTarget();
    const connection = this.#connectionTo(target);
    let state: 'open' | 'answered' | 'cut' = 'open';
    const exchanged = connection.exchange(format(target.port, method, path, headers, body));
    const reply = exchanged
      .catch((error: unknown) => {
        if (state === 'cut') return undefined;
        throw error;
      })
      .finally(() => (state = 'answered'));
    const cut = () => {
      // The connection of an answered poll may already carry another request.
      if (state !== 'open') return;
      state = 'cut';
      this.#drop(connection);
    };
    return { reply, cut };
  }

  /** Opens a WebSocket. Counts as one request, whatever is sent through it. */
  async webSocket(path: string, headers = ''): Promise<TextSocket> {
    const socket = new LeanWebSocket(this.#nextTarget().port, (ended) => this.#open.delete(ended));
    this.#open.add(socket);
    await socket.open(path, headers);
    return socket;
  }

  close(): void {
    for (const connection of this.#open) connection.abandon();
    this.#open.clear();
    for (const target of this.#targets) target.idle.length = 0;
  }

  #nextTarget(): Target {
    const target = this.#targets[this.requests++ % this.#targets.length];
    if (target === undefined) throw new Error('the client has no server');
    return target;
  }

  #connectionTo({ port, idle }: Target): Connection {
    for (let candidate = idle.pop(); candidate !== undefined; candidate = idle.pop()) {
      if (candidate.isUsable && performance.now() - candidate.idleSinceMs < MAX_IDLE_MS) return candidate;
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

function format(port: number, method: Method, path: string, headers = '', body?: string): string {
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}${length}\r\n`;
  return head + (body ?? '');
}

interface Waiting {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

const NOTHING = Buffer.alloc(0);

// perf: a raw socket, since `http.request` costs the generator four times as much.
/** A keep-alive connection with at most one request at a time. */
class Connection {
  idleSinceMs = 0;
  readonly #socket: Socket;
  readonly #onFree: (connection: Connection) => void;
  #received: Buffer = NOTHING;
  #waiting: Waiting | undefined;

  constructor(port: number, onFree: (connection: Connection) => void) {
    this.#onFree = onFree;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  get isUsable(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  exchange(request: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  /** Closes the connection. A pending request rejects. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Closes the connection. A pending request never settles. */
  abandon(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const parsed = parseReply(this.#received);
    if (parsed === undefined) return;
    this.#received = NOTHING;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (parsed.keepAlive) this.#onFree(this);
    else this.#socket.end();
    waiting?.resolve(parsed.reply);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
