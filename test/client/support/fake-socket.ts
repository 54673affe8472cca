import type { WebSocketClass } from '../../../src/client/socket.ts';
import type { VirtualTime } from './virtual-time.ts';

type Frame = Readonly<Record<string, unknown>>;
type Listener = ((event: never) => unknown) | null;

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3] as const;
/** What a message takes each way. */
const LATENCY_MS = 10;

/** The server's side of sockets, in virtual time. By default it opens them, and conforms. */
export class FakeSockets {
  readonly all: FakeSocket[] = [];
  readonly time: VirtualTime;
  /** Called with each new socket. */
  accept: (socket: FakeSocket) => void = (socket) => void socket.open();
  /** Called with each frame of a client. */
  answer: (socket: FakeSocket, frame: Frame) => void = (socket, frame) => void socket.conform(frame);

  constructor(time: VirtualTime) {
    this.time = time;
  }

  /** The class `WebSocket` of this network. */
  readonly WebSocket: WebSocketClass = ((sockets: FakeSockets) =>
    class extends FakeSocket {
      constructor(url: string, protocol: string) {
        super(sockets, url, protocol);
        sockets.accept(this);
        sockets.all.push(this);
      }
    })(this);

  get last(): FakeSocket {
    const socket = this.all.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  }
}

/** One socket, as a browser's `WebSocket` behaves. */
export class FakeSocket {
  readonly url: string;
  readonly protocol: string;
  readonly openedAtMs: number;
  /** Frames of the client. */
  readonly sent: Frame[] = [];
  readyState: number = CONNECTING;
  onopen: Listener = null;
  onmessage: Listener = null;
  onerror: Listener = null;
  onclose: Listener = null;
  readonly #sockets: FakeSockets;

  constructor(sockets: FakeSockets, url: string, protocol: string) {
    this.#sockets = sockets;
    this.url = url;
    this.protocol = protocol;
    this.openedAtMs = sockets.time.now();
  }

  send(text: string): void {
    if (this.readyState === CONNECTING) throw new Error('InvalidStateError');
    if (this.readyState !== OPEN) return;
    const frame = JSON.parse(text) as Frame;
    this.sent.push(frame);
    this.#later(LATENCY_MS, () => this.#sockets.answer(this, frame));
  }

  close(): void {
    if (this.readyState >= CLOSING) return;
    this.readyState = CLOSING;
    this.#later(LATENCY_MS, () => this.end());
  }

  /** Frames of this type. */
  sentOf(type: string): Frame[] {
    return this.sent.filter((frame) => frame.type === type);
  }

  /** The server answers 101. */
  async open(): Promise<void> {
    await this.#sockets.time.after(LATENCY_MS);
    if (this.readyState !== CONNECTING) return;
    this.readyState = OPEN;
    this.#fire(this.onopen, {});
  }

  /** A frame of the server, or a text that is none. */
  receive(frame: Frame | string): void {
    if (this.readyState !== OPEN) return;
    this.#fire(this.onmessage, { data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  /** A batch of the reading that the client asked for last. */
  receiveBatch(cursor: string, messages: readonly unknown[] = [], more: Frame = {}): void {
    const { id } = this.sentOf('read').at(-1) ?? {};
    const { expired = 0, ...fields } = more;
    this.receive({ type: 'batch', id, batch: { messages, cursor, more: false, expired }, ...fields });
  }

  receiveProblem(code: string, more: Frame = {}): void {
    this.receive({ type: 'problem', problem: { code, status: 410, detail: code, retryable: false, ...more } });
  }

  /** It closes: by the server, or because the connection is lost. */
  end(): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#fire(this.onclose, {});
  }

  /** It fails before it opens. */
  fail(): void {
    this.#fire(this.onerror, {});
    this.end();
  }

  /** Answers as the service does when nothing is pending. */
  async conform(frame: Frame): Promise<void> {
    if (frame.type === 'hello') this.receive({ type: 'welcome', heartbeatSeconds: 20 });
    if (frame.type === 'read') this.receiveBatch(String(frame.after));
    if (frame.type !== 'probe') return;
    this.receive({ type: 'probe', data: frame.data });
    await this.#sockets.time.after(2_000);
    this.receive({ type: 'probe', data: frame.data, padding: '.'.repeat(2_048) });
  }

  #later(delayMs: number, callback: () => void): void {
    this.#sockets.time.setTimeout(callback, delayMs);
  }

  #fire(listener: Listener, event: unknown): void {
    listener?.(event as never);
  }
}
