import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onCleanUp } from './clean-up.ts';

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

interface Raw {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const HEAD_END = '\r\n\r\n';

/** A TCP connection for hand-written HTTP/1.1, which can stall, vanish and reset, unlike client libraries. */
export class Connection {
  readonly socket: Socket;
  /** Resolves with how the connection closed. */
  readonly closed: Promise<'ended' | 'reset'>;
  readonly #replies: RawReply[] = [];
  #received = Buffer.alloc(0);
  #onChange: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    let wasReset = false;
    socket.on('error', () => (wasReset = true));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve(wasReset ? 'reset' : 'ended');
        this.#onChange();
      });
    });
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#takeReplies();
    });
    onCleanUp(() => socket.destroy());
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return new Connection(socket);
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  request(method: string, path: string, raw: Raw = {}): void {
    this.write(requestText(method, path, raw));
  }

  /** The next reply. @throws when the connection closes without one */
  async reply(): Promise<RawReply> {
    for (;;) {
      const reply = this.#replies.shift();
      if (reply !== undefined) return reply;
      if (this.socket.destroyed) throw new Error('the connection closed without a reply');
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }

  /** Closes with RST. */
  async reset(): Promise<void> {
    this.socket.resetAndDestroy();
    await this.closed;
  }

  #takeReplies(): void {
    for (;;) {
      const headEnd = this.#received.indexOf(HEAD_END);
      if (headEnd === -1) return;
      const { status, headers } = headOf(this.#received.toString('latin1', 0, headEnd));
      const bodyAt = headEnd + HEAD_END.length;
      const bodyEnd = bodyAt + Number(headers['content-length'] ?? 0);
      if (this.#received.length < bodyEnd) return;
      const text = this.#received.toString('utf8', bodyAt, bodyEnd);
      this.#received = this.#received.subarray(bodyEnd);
      this.#replies.push({ status, headers, text });
      this.#onChange();
    }
  }
}

export function requestText(method: string, path: string, { token, body, headers = {} }: Raw = {}): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const lines = Object.entries({
    Host: 'holdline.test',
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

function headOf(text: string): { status: number; headers: Record<string, string> } {
  const [first = '', ...lines] = text.split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers) as Record<string, string> };
}
