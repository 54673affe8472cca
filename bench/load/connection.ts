import { connect, type Socket } from 'node:net';
import { parseReply, type Reply } from './reply.ts';

interface Waiting {
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}

const NOTHING = Buffer.alloc(0);

/** One keep-alive connection with at most one request on it: a raw socket, since `http.request` costs four times as much. */
export class Connection {
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

  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  exchange(request: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  /** Cuts it: a request under way rejects, unless nobody is to hear of it any more. */
  destroy(quietly = false): void {
    if (quietly) this.#waiting = undefined;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const framed = parseReply(this.#received);
    if (framed === undefined) return;
    this.#received = NOTHING;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (framed.keepAlive) this.#onFree(this);
    else this.#socket.end();
    waiting?.resolve(framed.reply);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}
