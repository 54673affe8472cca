/**
 * `import { socket } from 'holdline/client/socket'`, for `joinRoom({ transports: [socket()] })`: reads the mailbox
 * through a WebSocket where WebSockets work, and by polls everywhere else. See docs/client.md.
 */
import { SOCKET_FIRST_JITTER_MS, SOCKET_INTERVAL_MS, SOCKET_JITTER_MS } from './limits.ts';
import { SocketConnection, type WebSocketLike } from './socket-connection.ts';
import { SocketMemory } from './socket-memory.ts';
import type { Transport, TransportChange, TransportFactory, TransportHost, TransportStop } from './transport.ts';

/** The class `WebSocket` of browsers, React Native, Node 22 and later, or the package `ws`. */
export type WebSocketClass = new (url: string, protocol: string) => WebSocketLike;

export interface SocketOptions {
  /** Default: the global `WebSocket`. Where there is none either, the client polls. */
  readonly WebSocket?: WebSocketClass;
}

const SUBPROTOCOL = 'holdline.v1';

/**
 * A WebSocket that takes over from polls once it has carried messages in both directions. A socket that does not prove
 * itself costs one attempt a minute; after three in a row, the next ones are made half an hour later.
 */
export function socket({ WebSocket }: SocketOptions = {}): TransportFactory {
  return (host) => new SocketTransport(host, WebSocket);
}

/** Decides when to open a socket. */
class SocketTransport implements Transport {
  readonly #host: TransportHost;
  readonly #given: WebSocketClass | undefined;
  readonly #memory: SocketMemory;
  #connection: SocketConnection | undefined;
  #isStarted = false;
  /** Changes when what was planned before is void. */
  #turn = 0;
  #cancel = (): void => undefined;
  #triedAtMs: number | undefined;

  constructor(host: TransportHost, given: WebSocketClass | undefined) {
    this.#host = host;
    this.#given = given;
    this.#memory = new SocketMemory(host.context);
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#plan(0);
  }

  stop(why: TransportStop): void {
    this.#isStarted = false;
    this.#turn += 1;
    this.#cancel();
    this.#connection?.close();
    this.#connection = undefined;
    // Another network may let sockets through.
    if (why === 'online') void this.#memory.forget();
  }

  /** Plans the next attempt: not before `leastMs`, and at most one a minute. */
  #plan(leastMs: number): void {
    const { context } = this.#host;
    const isFirst = this.#triedAtMs === undefined;
    const restMs = isFirst ? 0 : Number(this.#triedAtMs) + SOCKET_INTERVAL_MS - context.now();
    const jitterMs = context.random() * (isFirst ? SOCKET_FIRST_JITTER_MS : SOCKET_JITTER_MS);
    // The clock may have been set back.
    const delayMs = Math.max(leastMs, Math.min(restMs, SOCKET_INTERVAL_MS)) + jitterMs;
    this.#cancel = context.after(delayMs, () => void this.#attempt());
  }

  async #attempt(): Promise<void> {
    const turn = this.#turn;
    const closedMs = await this.#memory.closedForMs();
    if (turn !== this.#turn) return;
    const WebSocket = this.#given ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
    if (!WebSocket) return;
    if (closedMs > 0) {
      this.#plan(closedMs);
      return;
    }
    this.#triedAtMs = this.#host.context.now();
    try {
      const opened = new WebSocket(urlOf(this.#host.context.http), SUBPROTOCOL);
      this.#connection = new SocketConnection(this.#host, opened, {
        proven: () => {
          this.#triedAtMs = this.#host.context.now();
          void this.#memory.forget();
        },
        ended: (reason, isProven) => this.#ended(reason, isProven),
      });
    } catch {
      // The runtime refuses the URL, such as `ws:` on a page of `https:`.
      this.#ended('closed', false);
    }
  }

  #ended(reason: TransportChange['reason'], isProven: boolean): void {
    this.#connection = undefined;
    if (isProven) this.#host.poll(reason);
    // While polls fail as well, it is not the network's treatment of sockets that shows.
    else if (this.#host.session.state === 'connected') void this.#memory.failed();
    this.#plan(0);
  }
}

/** @throws TypeError when the URL is relative and there is no page */
function urlOf({ roomUrl }: { readonly roomUrl: string }): string {
  const { location } = globalThis as { location?: { readonly href: string } };
  // React Native's `URL` lacks much, and its `fetch` takes absolute URLs only.
  const url = /^[^/]*:/.test(roomUrl) ? roomUrl : new URL(roomUrl, location?.href).href;
  return `${url.replace(/^http/i, 'ws')}/messages/socket`;
}
