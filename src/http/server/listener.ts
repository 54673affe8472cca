import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../signalling/clock.ts';
import type { App } from '../app.ts';
import { createHttpServer } from './server.ts';

/**
 * Time without open requests before the listener closes. Requests sent before their clients could learn of the stop
 * have arrived by then. Closing at once would reset requests that wait unread in the system's buffers.
 */
const CALM_MS = 100;
/**
 * After a CPU stall, the event loop runs timers before it reads what has arrived: it needs one turn to accept a
 * connection and another to read its request. One turn is spare. A last turn longer than `BRISK_TURN_MS` counts as
 * another stall.
 */
const TURNS_TO_READ = 3;
const BRISK_TURN_MS = 5;

/** Time after the last response for clients to read it and disconnect, before their connections are cut. */
const LINGER_MS = 1_000;
/** Maximum number of extensions of that time while requests are still open. */
const LINGER_TIMES = 3;

/** Listens on a port, and stops without resetting connections in use. */
export class Listener {
  readonly #server: Server;
  readonly #clock: Clock;
  /** Requests received since the start. */
  #requests = 0;
  #openRequests = 0;
  #onChange: (() => void) | undefined;

  constructor(app: App, clock: Clock, keepAliveMs: number) {
    this.#clock = clock;
    this.#server = createHttpServer(app, keepAliveMs, {
      onOpen: () => {
        this.#requests += 1;
        this.#count(1);
      },
      onClose: () => this.#count(-1),
    });
  }

  async listen(host: string, port: number): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this.#server.address() as AddressInfo;
  }

  /** Serves until no more requests arrive, for at most `drainMs`; then stops accepting and lets connections end. */
  async close(drainMs: number): Promise<void> {
    if (!this.#server.listening) return;
    if (drainMs > 0) await this.#calm(drainMs);
    const ended = new Promise((resolve) => this.#server.close(resolve));
    let times = drainMs > 0 ? LINGER_TIMES : 1;
    const lingering = setInterval(() => {
      times -= 1;
      if (times <= 0 || this.#openRequests === 0) this.#server.closeAllConnections();
    }, LINGER_MS);
    await ended;
    clearInterval(lingering);
  }

  #calm(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      let calm: NodeJS.Timeout | undefined;
      const finish = (): void => {
        this.#onChange = undefined;
        clearTimeout(calm);
        cancelLatest();
        resolve();
      };
      const finishIfStillCalm = async (): Promise<void> => {
        const before = this.#requests;
        let lastTurnMs = Infinity;
        for (let turn = 0; turn < TURNS_TO_READ || lastTurnMs > BRISK_TURN_MS; turn += 1) {
          const startedMs = performance.now();
          await nextTurn();
          lastTurnMs = performance.now() - startedMs;
          if (this.#requests !== before) return;
        }
        finish();
      };
      const cancelLatest = this.#clock.after(atMostMs, finish);
      this.#onChange = () => {
        clearTimeout(calm);
        if (this.#openRequests === 0) calm = setTimeout(() => void finishIfStillCalm(), CALM_MS);
      };
      this.#onChange();
    });
  }

  #count(change: 1 | -1): void {
    this.#openRequests += change;
    this.#onChange?.();
  }
}
