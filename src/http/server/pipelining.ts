import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/**
 * Limits for one connection. They prevent an attack in which pipelined requests cost 35 bytes each and unread responses
 * fill the memory.
 */
const MAX_OPEN = 16;
const MAX_WAITING_BYTES = 262_144;

/** Node creates objects for all requests of a chunk at once; a chunk of 64 KiB holds 2,000 requests. */
const SLICE_BYTES = 2_048;
const HEAD_END = '\r\n\r\n';

export interface Handling {
  /** Called for each request as it arrives, including one that must wait. */
  readonly onOpen: () => void;
  /** Called once for each request, answered or not. */
  readonly onClose: () => void;
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void;
}

/**
 * The requests of one connection. While 16 are open, or 256 KiB of responses wait, further requests are neither parsed
 * nor handled. They stay in the socket buffers of the system; none is refused or lost.
 */
export class PipelinedConnection {
  readonly #socket: Socket;
  readonly #handling: Handling;
  readonly #parsers: readonly ((chunk: Buffer) => void)[];
  /** Handled but not closed. */
  #open: ServerResponse[] = [];
  /** Parsed, but not handled: they shared a slice with the last request that could be handled. */
  #queue: ServerResponse[] = [];
  /** Received but not parsed. */
  #rest: Buffer | undefined;
  #isParsing = false;
  #goesOnLater = false;
  #newest: IncomingMessage | undefined;
  /** Remaining body bytes of the newest request, as far as its length is known; up to one slice too many. */
  #bodyLeft = 0;
  /** Node itself has paused reading, so its parser must not be fed. */
  #isPausedByNode = false;
  #isDetached = false;

  /** Replaces Node's own listener for `data`, so that its parser gets slices when their turn comes. */
  constructor(socket: Socket, handling: Handling) {
    this.#socket = socket;
    this.#handling = handling;
    this.#parsers = socket.listeners('data') as ((chunk: Buffer) => void)[];
    // perf: removeAllListeners would make the socket's table of listeners a slow dictionary of 800 bytes.
    for (const parse of this.#parsers) socket.off('data', parse);
    socket.on('data', (chunk) => this.#arrive(chunk));
    socket.once('close', () => this.#abandon());
    socket.pause = () => {
      this.#isPausedByNode = true;
      return Socket.prototype.pause.call(socket);
    };
    socket.resume = () => {
      this.#isPausedByNode = false;
      this.#goOn();
      return socket;
    };
  }

  /** Whether no response is pending. */
  get isIdle(): boolean {
    return this.#open.length === 0;
  }

  get isDetached(): boolean {
    return this.#isDetached;
  }

  /**
   * Handles the request when its turn comes, at the earliest after its slice was parsed: then its body is here, too.
   * perf: no listener and no promise for the body of a message.
   */
  take(req: IncomingMessage, res: ServerResponse): void {
    if (this.#isDetached) return;
    this.#handling.onOpen();
    res.once('close', this.#hasClosed);
    this.#newest = req;
    this.#bodyLeft = Number(req.headers['content-length'] ?? 0);
    this.#queue.push(res);
  }

  /** Drops all further input, and requests that were not handled yet: the connection is about to end. */
  detach(): void {
    this.#isDetached = true;
    this.#rest = undefined;
  }

  /**
   * Gives the connection away, after an upgrade.
   * @returns the bytes that were not parsed; `undefined` if responses are still pending, which would have to come first
   */
  release(): Buffer | undefined {
    const rest = this.#rest ?? Buffer.alloc(0);
    const isFree = this.#open.length === 0 && this.#queue.length === 0;
    this.detach();
    this.#socket.removeAllListeners('data');
    this.#isPausedByNode = true;
    Reflect.deleteProperty(this.#socket, 'pause');
    Reflect.deleteProperty(this.#socket, 'resume');
    return isFree ? rest : undefined;
  }

  readonly #hasClosed = (): void => {
    this.#handling.onClose();
    const stillOpen: ServerResponse[] = [];
    for (const res of this.#open) {
      if (!res.closed) stillOpen.push(res);
      // After a response with `Connection: close` no further one can be sent, so its request must not be carried out.
      else if (!res.shouldKeepAlive) this.detach();
    }
    this.#open = stillOpen;
    if (this.#queue.length === 0 && this.#rest === undefined) this.#regulate();
    else this.#goOnLater();
  };

  /**
   * Continues in a new turn: responses that the system accepts at once would otherwise keep the event loop on this
   * connection.
   */
  #goOnLater(): void {
    if (this.#goesOnLater) return;
    this.#goesOnLater = true;
    setImmediate(() => {
      this.#goesOnLater = false;
      this.#goOn();
    });
  }

  #arrive(chunk: Buffer): void {
    if (this.#isDetached) return;
    if (this.#rest === undefined && this.#open.length === 0 && chunk.length <= SLICE_BYTES) {
      this.#parse(chunk);
      this.#handleQueued();
      this.#regulate();
    } else {
      this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#goOn();
    }
  }

  #goOn(): void {
    if (this.#isParsing) return;
    this.#handleQueued();
    while (this.#rest !== undefined && this.#parseRest(this.#rest)) this.#handleQueued();
    this.#regulate();
  }

  #handleQueued(): void {
    while (!this.#isDetached && !this.#isFull()) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#open.push(next);
      this.#handling.handle(next.req, next);
    }
  }

  /** @returns whether it parsed anything */
  #parseRest(bytes: Buffer): boolean {
    this.#isParsing = true;
    let rest = bytes;
    // After `detach`, and after text that is not HTTP, all further bytes are dropped.
    while (rest.length > 0 && !this.#isDetached && this.#socket.writable) {
      const end = this.#sliceEnd(rest);
      if (end === 0) break;
      const slice = rest.subarray(0, end);
      rest = rest.subarray(end);
      this.#rest = rest;
      this.#bodyLeft -= slice.length;
      this.#parse(slice);
    }
    const isKept = rest.length > 0 && !this.#isDetached && this.#socket.writable;
    this.#rest = isKept ? rest : undefined;
    this.#isParsing = false;
    return rest.length < bytes.length;
  }

  /**
   * Returns how many bytes the parser may have now. A slice ends with a head or a body: half of one would time out
   * while it waits for the rest.
   */
  #sliceEnd(rest: Buffer): number {
    if (this.#isPausedByNode) return 0;
    // Continues the body of the current request, in slices when its length is unknown.
    if (this.#isMidBody()) return Math.min(this.#bodyLeft > 0 ? this.#bodyLeft : SLICE_BYTES, rest.length);
    if (this.#queue.length > 0 || this.#isFull()) return 0;
    const headEnd = rest.subarray(0, SLICE_BYTES).lastIndexOf(HEAD_END);
    return headEnd === -1 ? Math.min(SLICE_BYTES, rest.length) : headEnd + HEAD_END.length;
  }

  #isMidBody(): boolean {
    return this.#newest?.complete === false;
  }

  #isFull(): boolean {
    if (this.#open.length >= MAX_OPEN) return true;
    let waitingBytes = 0;
    for (const res of this.#open) waitingBytes += res.writableLength;
    return waitingBytes >= MAX_WAITING_BYTES;
  }

  /** Resumes reading, or leaves further bytes in the system's buffers. */
  #regulate(): void {
    if (this.#isPausedByNode) return;
    const isReading = this.#rest === undefined && (this.#isMidBody() || (this.#queue.length === 0 && !this.#isFull()));
    if (isReading !== this.#socket.isPaused()) return;
    if (isReading) Socket.prototype.resume.call(this.#socket);
    else Socket.prototype.pause.call(this.#socket);
  }

  #parse(chunk: Buffer): void {
    for (const parse of this.#parsers) parse(chunk);
  }

  /**
   * Cleans up after the connection has ended. After a CONNECT, Node no longer tracks the responses behind the first
   * one: their polls would stay held, and a stopping server would wait for them.
   */
  #abandon(): void {
    this.detach();
    const waiting = [...this.#open, ...this.#queue].filter(({ socket }) => socket === null);
    this.#queue = [];
    for (const res of waiting) {
      res.destroy();
      if (!res.closed) res.emit('close');
    }
  }
}
