import type { WebSocketClass } from '../../src/client/socket.ts';

type WebSocketLike = InstanceType<WebSocketClass>;

export type SocketEvent =
  | { readonly kind: 'socket-opening' | 'socket-refused' }
  /** How many sockets were open. */
  | { readonly kind: 'sockets-killed'; readonly count: number };

/** The sockets of one client. */
export class BadSockets {
  readonly WebSocket: WebSocketClass;
  readonly #open = new Set<BadSocket>();

  /** @param isRefused whether a new socket cannot open now */
  constructor(WebSocket: WebSocketClass, isRefused: () => boolean, emit: (event: SocketEvent) => void) {
    const open = this.#open;
    this.WebSocket = class extends BadSocket {
      constructor(url: string, protocol: string) {
        const real = isRefused() ? undefined : new WebSocket(url, protocol);
        super(real, (socket) => open.delete(socket));
        if (real !== undefined) open.add(this);
        emit({ kind: real === undefined ? 'socket-refused' : 'socket-opening' });
      }
    };
  }

  get count(): number {
    return this.#open.size;
  }

  kill(): void {
    for (const socket of this.#open) socket.kill();
  }
}

/** A `WebSocket` that the network can kill. It passes everything on until then. */
class BadSocket implements WebSocketLike {
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onerror: WebSocketLike['onerror'] = null;
  onclose: WebSocketLike['onclose'] = null;
  readonly #real: WebSocketLike | undefined;
  /** Called once, when it closes in any way. */
  readonly #onEnd: (socket: BadSocket) => void;
  #isOver = false;

  /** @param real `undefined` for a socket that the network refuses */
  constructor(real: WebSocketLike | undefined, onEnd: (socket: BadSocket) => void) {
    this.#real = real;
    this.#onEnd = onEnd;
    if (real === undefined) {
      // The events of a socket come after its constructor has returned.
      queueMicrotask(() => this.kill());
      return;
    }
    real.onopen = (event) => this.onopen?.(event);
    real.onmessage = (event) => this.onmessage?.(event);
    real.onerror = (event) => this.onerror?.(event);
    real.onclose = (event) => {
      this.#end();
      this.onclose?.(event);
    };
  }

  send(text: string): void {
    if (!this.#isOver) this.#real?.send(text);
  }

  close(): void {
    this.#end();
    this.#real?.close();
  }

  /** Ends the connection without a closing handshake, as far as the client can see. A page cannot spare the server one. */
  kill(): void {
    this.#end();
    if (this.#real !== undefined) {
      this.#real.onopen = this.#real.onmessage = this.#real.onerror = this.#real.onclose = null;
      this.#real.close();
    }
    const event = new Event('close') as never;
    this.onerror?.(event);
    this.onclose?.(event);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(this);
  }
}
