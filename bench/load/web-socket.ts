import { connect, type Socket } from 'node:net';

const NOTHING = Buffer.alloc(0);
const HEAD_END = '\r\n\r\n';
/** Both are random in real clients; a server treats every value alike. A mask of zeros would spare it the unmasking. */
const KEY = 'aG9sZGxpbmUgYmVuY2ggIQ==';
const MASK = [0x5a, 0xa5, 0x3c, 0xc3] as const;

const TEXT = 0x1;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** A frame of the server: whole, unmasked. */
interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** Bytes of the frame with its head. */
  readonly bytes: number;
}

/** What a participant uses of a WebSocket. Its listeners are set at once after it has opened. */
export interface TextSocket {
  onText: (text: string) => void;
  /** Called once, when either side has closed it or the connection is broken. */
  onClose: () => void;
  send(text: string): void;
  /** With the closing handshake. */
  close(): void;
}

/**
 * The client side of a WebSocket (RFC 6455), on a raw socket like the HTTP client, so that thousands cost the generator
 * little. Without extensions and fragments: no server of the bench sends them unasked.
 */
export class LeanWebSocket implements TextSocket {
  onText: (text: string) => void = () => undefined;
  onClose: () => void = () => undefined;
  readonly #port: number;
  readonly #socket: Socket;
  readonly #onEnded: (socket: LeanWebSocket) => void;
  #received: Buffer = NOTHING;
  #opening: { resolve: (value: undefined) => void; reject: (error: Error) => void } | undefined;

  /** @param onEnded called when the connection is closed, for whatever reason */
  constructor(port: number, onEnded: (socket: LeanWebSocket) => void) {
    this.#port = port;
    this.#onEnded = onEnded;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#onEnd());
  }

  /**
   * Call once.
   * @param headers raw text, each line ending in CRLF
   * @throws Error when the server does not upgrade
   */
  open(path: string, headers: string): Promise<undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.#opening = { resolve, reject };
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n`;
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\n${upgrade}${headers}\r\n`);
    return promise;
  }

  send(text: string): void {
    this.#write(TEXT, Buffer.from(text));
  }

  close(): void {
    this.#write(CLOSE, NOTHING);
  }

  /** Drops the connection. No listener is called any more. */
  abandon(): void {
    this.onText = this.onClose = () => undefined;
    this.#opening = undefined;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    if (this.#opening === undefined) this.#readFrames();
    // Later, since frames may come with the head: who opened the socket sets its listeners first.
    else if (this.#readHead(this.#opening.resolve)) setImmediate(() => this.#readFrames());
  }

  #readFrames(): void {
    for (let frame = frameAt(this.#received); frame !== undefined; frame = frameAt(this.#received)) {
      this.#received = this.#received.subarray(frame.bytes);
      this.#onFrame(frame);
    }
    // A view would keep the whole chunk.
    if (this.#received.length === 0) this.#received = NOTHING;
  }

  /** @returns whether the head is complete, and the connection upgraded */
  #readHead(resolve: (value: undefined) => void): boolean {
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return false;
    const head = this.#received.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 101 ')) {
      this.#opening?.reject(new Error(`no WebSocket: ${this.#received.toString('latin1', 0, 600)}`));
      this.abandon();
      return false;
    }
    this.#received = this.#received.subarray(end + HEAD_END.length);
    this.#opening = undefined;
    resolve(undefined);
    return true;
  }

  #onFrame({ opcode, payload }: Frame): void {
    if (opcode === TEXT) this.onText(payload.toString());
    else if (opcode === PING) this.#write(PONG, payload);
    else if (opcode === CLOSE) {
      this.#write(CLOSE, payload.subarray(0, 2));
      this.#socket.end();
    }
  }

  #onEnd(): void {
    this.#opening?.reject(new Error('the server closed the connection'));
    this.#opening = undefined;
    this.#onEnded(this);
    this.onClose();
  }

  #write(opcode: number, payload: Buffer): void {
    if (this.#socket.writable) this.#socket.write(maskedFrame(opcode, payload));
  }
}

/** The frame at the start of `bytes`, or `undefined` while it is incomplete. */
function frameAt(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = start + length;
  if (bytes.length < end) return undefined;
  return { opcode: bytes.readUInt8(0) & 0xf, payload: bytes.subarray(start, end), bytes: end };
}

/** At most 64 KiB. */
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const start = length < 126 ? 6 : 8;
  const frame = Buffer.allocUnsafe(start + length);
  frame.writeUInt8(0x80 | opcode, 0);
  frame.writeUInt8(0x80 | Math.min(length, 126), 1);
  if (length >= 126) frame.writeUInt16BE(length, 2);
  frame.set(MASK, start - MASK.length);
  for (let index = 0; index < length; index++) frame[start + index] = (payload[index] ?? 0) ^ (MASK[index & 3] ?? 0);
  return frame;
}
