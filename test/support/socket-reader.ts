import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import { SUBPROTOCOL, type Batch, type Problem } from '../../src/wire/index.ts';
import { onCleanUp } from './clean-up.ts';
import { settle } from './clock.ts';
import type { ListeningService } from './holdline.ts';
import type { Member } from './member.ts';

/** A frame of the server. */
export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly data?: string;
  readonly padding?: string;
  readonly heartbeatSeconds?: number;
  readonly batch?: Batch;
  readonly problem?: Problem;
}

export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

interface Opening {
  readonly protocols?: readonly string[];
  readonly query?: string;
  readonly options?: ClientOptions;
}

/** Any client frame, well-formed or not. */
export type ClientFrame = Readonly<Record<string, unknown>>;

export const socketUrl = (url: string, roomId: string, query = ''): string =>
  `${url.replace(/^http/, 'ws')}/v1/rooms/${encodeURIComponent(roomId)}/messages/socket${query}`;

export const bearer = ({ token }: { readonly token: string }): Readonly<Record<string, string>> => ({
  Authorization: `Bearer ${token}`,
});

/** The socket of a participant, with the frames of the server as awaited promises, in their order. */
export class SocketReader {
  readonly ws: WebSocket;
  readonly closed: Promise<SocketClose>;
  readonly #frames: Frame[] = [];
  #onChange: () => void = () => undefined;
  #close: SocketClose | undefined;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('error', () => undefined);
    ws.on('message', (data: Buffer) => {
      this.#frames.push(JSON.parse(data.toString()) as Frame);
      this.#onChange();
    });
    this.closed = new Promise((resolve) => {
      ws.once('close', (code, reason) => {
        this.#close = { code, reason: reason.toString() };
        resolve(this.#close);
        this.#onChange();
      });
    });
    onCleanUp(() => ws.terminate());
  }

  /** Resolves once the server has accepted the upgrade. */
  static async open(url: string, { protocols = [SUBPROTOCOL], options = {} }: Opening = {}): Promise<SocketReader> {
    const reader = new SocketReader(new WebSocket(url, [...protocols], options));
    await once(reader.ws, 'open');
    return reader;
  }

  /** A socket whose `hello` was welcomed. */
  static async greet({ url }: ListeningService, { roomId, token }: Member): Promise<SocketReader> {
    const reader = await SocketReader.open(socketUrl(url, roomId));
    reader.send({ type: 'hello', token });
    await reader.expectFrame('welcome');
    return reader;
  }

  /** A socket that reads; its first batch was received and acknowledged. */
  static async read(server: ListeningService, member: Member, read: ClientFrame = {}): Promise<SocketReader> {
    const reader = await SocketReader.greet(server, member);
    reader.send({ type: 'read', ...read });
    await reader.answer();
    await reader.sync();
    return reader;
  }

  send(frame: ClientFrame): void {
    this.ws.send(JSON.stringify(frame));
  }

  /** The next frame. @throws when the socket closes without one */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#close !== undefined) throw new Error(`closed without a frame: ${JSON.stringify(this.#close)}`);
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
  }

  async expectFrame(type: string): Promise<Frame> {
    const frame = await this.next();
    if (frame.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(frame)}`);
    return frame;
  }

  async batch(): Promise<Batch> {
    const { batch } = await this.expectFrame('batch');
    if (batch === undefined) throw new Error('a batch frame without a batch');
    return batch;
  }

  async problem(): Promise<Problem> {
    const { problem } = await this.expectFrame('problem');
    if (problem === undefined) throw new Error('a problem frame without a problem');
    return problem;
  }

  acknowledge({ cursor }: { readonly cursor: string }): void {
    this.send({ type: 'ack', cursor });
  }

  /** Receives a batch and acknowledges it. */
  async answer(): Promise<Batch> {
    const batch = await this.batch();
    this.acknowledge(batch);
    return batch;
  }

  /** Frames that have arrived and were not taken. */
  get pending(): readonly Frame[] {
    return this.#frames;
  }

  /** Resolves once the server has processed all frames sent so far, and its answers are here. */
  async sync(): Promise<void> {
    await this.#echo();
    await settle();
    await this.#echo();
  }

  /** A ping is answered in the order of the frames. */
  async #echo(): Promise<void> {
    const pong = once(this.ws, 'pong');
    this.ws.ping();
    await Promise.race([pong, this.closed]);
  }
}
