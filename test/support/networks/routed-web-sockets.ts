import type { EventEmitter } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { WebSocketClass } from '../../../src/client/socket.ts';
import type { HttpRoute } from './http-route.ts';

/** The types of `ws` know only connections that are there at once. */
interface Options {
  readonly createConnection: (options: unknown, created: (error: unknown, connection?: Duplex) => void) => void;
  readonly finishRequest: (request: ClientRequest) => void;
  readonly perMessageDeflate: false;
  readonly closeTimeout: number;
}

/** Milliseconds for the closing handshake, which no client awaits. */
const CLOSE_TIMEOUT = 100;

/** The WebSockets of one client. Their connections take one route, and wait until the test lets them connect. */
export class RoutedWebSockets {
  /** For `socket({ WebSocket })`. */
  readonly WebSocket: WebSocketClass;
  /** How many have opened since they may connect. */
  opened = 0;
  /** How many were closed, or refused, since they may connect. */
  closed = 0;
  /** How many have been made, and not closed. */
  inUse = 0;
  readonly #changed: EventEmitter;
  readonly #gate = Promise.withResolvers();
  #mayConnect = false;

  /** @param changed gets a `change` with every change of a WebSocket */
  constructor(route: HttpRoute, changed: EventEmitter) {
    this.#changed = changed;
    const watch = (one: WebSocket): void => this.#watch(one);
    const options: Options = {
      createConnection: (_, created) => {
        this.#gate.promise.then(() => route.open()).then((connection) => created(null, connection), created);
      },
      finishRequest: (request) => {
        request.path = route.target(request.path);
        request.end();
      },
      perMessageDeflate: false,
      closeTimeout: CLOSE_TIMEOUT,
    };
    this.WebSocket = class extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, options as object);
        watch(this);
      }
    };
  }

  /** From now on, they connect. */
  letConnect(): void {
    this.#mayConnect = true;
    this.#gate.resolve(undefined);
  }

  #watch(one: WebSocket): void {
    this.inUse += 1;
    one.on('open', () => {
      this.opened += 1;
      this.#changed.emit('change');
    });
    one.on('close', () => {
      this.inUse -= 1;
      if (this.#mayConnect) this.closed += 1;
      this.#changed.emit('change');
    });
  }
}
