import type { RawData, WebSocket } from 'ws';
import { isPromise, type Awaitable } from '../signalling/deferred.ts';

/** No frame is processed while more bytes wait to be written: a client that reads nothing costs no more. */
const MAX_BUFFERED_BYTES = 65_536;

interface ReceivedFrame {
  readonly data: RawData;
  readonly isBinary: boolean;
}

/**
 * The frames of one socket, processed one at a time, in order. While one is under way, or the client does not read, the
 * connection is paused: further frames stay in the system's buffers.
 */
export class FrameQueue {
  readonly #ws: WebSocket;
  readonly #perform: (data: RawData, isBinary: boolean) => Awaitable<void>;
  readonly #onError: (error: unknown) => void;
  #frames: ReceivedFrame[] = [];
  #isBusy = false;
  #isStopped = false;

  constructor(
    ws: WebSocket,
    perform: (data: RawData, isBinary: boolean) => Awaitable<void>,
    onError: (error: unknown) => void,
  ) {
    this.#ws = ws;
    this.#perform = perform;
    this.#onError = onError;
    ws.on('message', (data, isBinary) => {
      this.#frames.push({ data, isBinary });
      this.process();
    });
  }

  /** Goes on, as when bytes were written. */
  readonly process = (): void => {
    while (!this.#isBusy && !this.#isStopped && this.#frames.length > 0) {
      if (this.#ws.bufferedAmount > MAX_BUFFERED_BYTES) {
        this.#ws.pause();
        return;
      }
      const next = this.#frames.shift();
      if (next !== undefined) this.run(() => this.#perform(next.data, next.isBinary));
    }
    if (!this.#isBusy && this.#ws.isPaused) this.#ws.resume();
  };

  /** Takes a step of the server's own between two frames; skipped while a frame is under way. */
  run(step: () => Awaitable<void>): void {
    if (this.#isBusy) return;
    try {
      const outcome = step();
      if (!isPromise(outcome)) return;
      this.#isBusy = true;
      this.#ws.pause();
      outcome.then(undefined, this.#onError).then(() => {
        this.#isBusy = false;
        this.process();
      });
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Drops further frames. The connection reads on, for the closing handshake. */
  stop(): void {
    this.#isStopped = true;
    this.#frames = [];
    this.#ws.resume();
  }
}
