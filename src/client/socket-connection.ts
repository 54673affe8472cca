import type { Batch } from '../wire/index.ts';
import {
  OWN_CHANGE_MS,
  SOCKET_FIRST_BATCH_MS,
  SOCKET_PADDING_CHARACTERS,
  SOCKET_PROOF_MS,
  SOCKET_SILENCE_MS,
} from './limits.ts';
import { isText, objectOf, textOrNone } from './messages.ts';
import type { TransportChange, TransportHost } from './transport.ts';

/** The part of `WebSocket` that is used. Those of browsers, React Native, Node, Deno and the package `ws` fit. */
export interface WebSocketLike {
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  send(text: string): void;
  close(): void;
}

interface Outcome {
  /** Both echoes have come: messages pass in both directions. */
  proven(): void;
  /** It is closed, for another reason than `close()`. */
  ended(reason: TransportChange['reason'], isProven: boolean): void;
}

/** Seconds between two batches of the server, when its `welcome` does not say. */
const HEARTBEAT_SECONDS = 20;
const MAX_HEARTBEAT_SECONDS = 300;

/**
 * One socket.
 *
 * | stage   | waits for                                   | goes on with                           |
 * | ------- | ------------------------------------------- | -------------------------------------- |
 * | opening | `open`                                      | `hello`, with the token                |
 * | hello   | `welcome`                                   | `probe`                                |
 * | probing | both echoes, the second one with padding    | `read`, after the handled cursor       |
 * | reading | the first batch, then one at each heartbeat | an `ack` for each, and more as handled |
 *
 * A problem that ends the reading ends the socket, too: the client polls, and the poll meets the same problem, for
 * which it has its rules (an expired cursor, a participant that is gone, a token that is no longer known).
 */
export class SocketConnection {
  readonly #host: TransportHost;
  readonly #socket: WebSocketLike;
  readonly #outcome: Outcome;
  /** What the echoes repeat. */
  readonly #data: string;
  #hasEcho = false;
  #isProven = false;
  #isOver = false;
  #silenceMs = 0;
  /** Counts the readings of this socket; 0 before the first one. */
  #reading = 0;
  #readAtMs = 0;
  #hasBatch = false;
  /** Where the next batch begins. */
  #position: string | undefined;
  #acknowledged: string | undefined;
  #cancelDeadline = (): void => undefined;

  constructor(host: TransportHost, socket: WebSocketLike, outcome: Outcome) {
    this.#host = host;
    this.#socket = socket;
    this.#outcome = outcome;
    this.#data = host.context.random().toString(36).slice(0, 16);
    socket.onopen = () => this.#send({ type: 'hello', token: host.session.joined.token });
    socket.onmessage = (event: { readonly data: unknown }) => void this.#onFrame(event.data);
    // `ws` throws errors that have no listener, also after `close()`.
    socket.onerror = socket.onclose = () => this.#end('closed');
    this.#expectFrameWithin(SOCKET_PROOF_MS);
  }

  /** Closes without calling `ended`. */
  close(): void {
    this.#isOver = true;
    this.#cancelDeadline();
    try {
      this.#socket.close();
    } catch {
      // It is closed in any case.
    }
  }

  #end(reason: TransportChange['reason']): void {
    if (this.#isOver) return;
    this.close();
    this.#outcome.ended(reason, this.#isProven);
  }

  #expectFrameWithin(delayMs: number): void {
    this.#cancelDeadline();
    this.#cancelDeadline = this.#host.context.after(delayMs, () => this.#end('silent'));
  }

  #send(frame: Readonly<Record<string, unknown>>): void {
    if (this.#isOver) return;
    try {
      this.#socket.send(JSON.stringify(frame));
    } catch {
      this.#end('closed');
    }
  }

  async #onFrame(data: unknown): Promise<void> {
    if (this.#isOver) return;
    try {
      const frame = objectOf(JSON.parse(String(data)));
      if (frame.type === 'welcome') this.#onWelcome(Number(frame.heartbeatSeconds));
      if (frame.type === 'probe') this.#onEcho(frame.data, frame.padding);
      if (frame.type === 'problem') this.#onProblem(textOrNone(objectOf(frame.problem).code));
      if (frame.type === 'batch') await this.#onBatch(frame.id, frame.batch as Batch);
    } catch {
      // Not JSON, or no batch: what came is not Holdline's.
      this.#end('closed');
    }
  }

  #onWelcome(heartbeatSeconds: number): void {
    const seconds = heartbeatSeconds > 0 ? Math.min(heartbeatSeconds, MAX_HEARTBEAT_SECONDS) : HEARTBEAT_SECONDS;
    this.#silenceMs = seconds * 1_000 + SOCKET_SILENCE_MS;
    this.#send({ type: 'probe', data: this.#data });
  }

  #onEcho(data: unknown, padding: unknown): void {
    if (data !== this.#data || this.#isProven) return;
    if (padding === undefined) this.#hasEcho = true;
    else if (this.#hasEcho && isText(padding) && padding.length === SOCKET_PADDING_CHARACTERS) {
      this.#isProven = true;
      this.#outcome.proven();
      this.#read();
    }
  }

  #read(): void {
    const { context, session } = this.#host;
    this.#host.hold();
    this.#reading += 1;
    this.#readAtMs = context.now();
    this.#hasBatch = false;
    this.#position = session.cursor;
    this.#expectFrameWithin(SOCKET_FIRST_BATCH_MS);
    this.#send({ type: 'read', id: String(this.#reading), after: session.cursor });
  }

  async #onBatch(id: unknown, batch: Batch): Promise<void> {
    // A late batch of an earlier reading: the present one repeats its messages.
    if (id !== String(this.#reading)) {
      this.#acknowledge();
      return;
    }
    const { messages, cursor, expired } = batch;
    if (!isText(cursor)) throw new TypeError('no cursor');
    const from = this.#position;
    const isHeartbeat = this.#hasBatch && cursor === from && !messages.length;
    this.#position = cursor;
    this.#hasBatch = true;
    this.#expectFrameWithin(this.#silenceMs);
    const handling = isHeartbeat ? undefined : this.#host.receive(batch, from);
    this.#acknowledge();
    await handling;
    if (this.#isOver) return;
    const handled = this.#host.session.cursor;
    if (handled !== this.#acknowledged) this.#acknowledge();
    // Expired messages were reported, but whether they end after the handled cursor is not known: read from there.
    if (expired > 0 && !messages.length && cursor === this.#position && cursor !== handled) this.#read();
  }

  /** The cursor of what was handled so far, even if it was sent before: the server counts the answers to its batches. */
  #acknowledge(): void {
    const { cursor } = this.#host.session;
    this.#acknowledged = cursor;
    if (cursor) this.#send({ type: 'ack', cursor });
  }

  #onProblem(code = 'closed'): void {
    // A poll of this client, given up or sent before, may have arrived after the first `read`. Another client reads on.
    const isOwn = this.#reading === 1 && this.#host.context.now() - this.#readAtMs < OWN_CHANGE_MS;
    if (code === 'poll-superseded' && isOwn) this.#read();
    else this.#end(code);
  }
}
