import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../signalling/clock.ts';
import { decodeCursor } from '../signalling/cursor.ts';
import { whenReady, type Awaitable } from '../signalling/deferred.ts';
import { unauthenticated } from '../signalling/errors.ts';
import type { Mailbox } from '../signalling/message.ts';
import type { Reading } from '../signalling/reading.ts';
import type { Batch } from '../signalling/receive.ts';
import type { Signalling } from '../signalling/signalling.ts';
import type { RenderedProblem, SocketRequest } from '../signalling/socket-request.ts';
import type { ReadingEnd } from '../signalling/telemetry.ts';
import { NO_TICK, type Timed, type TimingWheel } from '../signalling/timing-wheel.ts';
import type { WaitEnd } from '../signalling/waiters.ts';
import { MAX_RECEIVE_BATCH, type ClientFrame, type Fault } from '../wire/index.ts';
import { FrameQueue } from './frame-queue.ts';
import { batchFrame, echoFrame, paddedEchoFrame, parseFrame, problemFrame, WELCOME } from './frames.ts';
import { closeCodeOf, DISPLACED, endsReading } from './problems.ts';

/** Stops connections that never say who they are from holding memory. */
const HELLO_WITHIN_MS = 5_000;
/** A proxy that kills young WebSockets, or holds back small frames, shows itself within this time. */
const PADDED_ECHO_AFTER_MS = 2_000;
/** How often a connection is checked: is its token valid while it does not read, and does it take what is written? */
const CHECKED_EVERY_MS = 15_000;
/** Checks, one after the other, in which nothing of what waits was written: 30 s, as for responses. */
const MAX_STUCK_CHECKS = 2;

const HUNG_UP: WaitEnd = { kind: 'hung-up' };

export interface ConnectionContext {
  readonly signalling: Signalling;
  readonly clock: Clock;
  readonly checks: TimingWheel;
  readonly renderBatch: (batch: Batch) => string;
  /** The connection belongs to this mailbox from now on. */
  readonly onAuthenticated: (connection: Connection) => void;
  readonly onReading: (connection: Connection, isReading: boolean) => void;
  readonly onClosed: (connection: Connection) => void;
}

type Frame<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>;

/** One socket, from the upgrade to its close. Processes one frame at a time, in order. */
export class Connection implements Timed {
  readonly #ws: WebSocket;
  readonly #request: SocketRequest;
  readonly #context: ConnectionContext;
  readonly #frames: FrameQueue;
  #isClosing = false;
  #token: string | undefined;
  #mailbox: Mailbox | undefined;
  #reading: Reading | undefined;
  /** The latest reading that has begun, until `#reading` begins and supersedes it. */
  #earlier: Reading | undefined;
  #isProbing = false;
  /** A frame was written since the last check. */
  #hasWritten = false;
  #stuckChecks = 0;
  dueTick = NO_TICK;
  before: Timed | undefined;
  after: Timed | undefined;

  constructor(ws: WebSocket, request: SocketRequest, context: ConnectionContext) {
    this.#ws = ws;
    this.#request = request;
    this.#context = context;
    this.#frames = new FrameQueue(ws, (data, isBinary) => this.#receive(data, isBinary), this.#fail);
    // `ws` closes the connection itself, with 1002, 1007 or 1009.
    ws.on('error', () => undefined);
    ws.on('close', () => this.#onClosed());
  }

  /** Call once it is registered. */
  open(): void {
    this.#context.checks.add(this, HELLO_WITHIN_MS);
    const { bearer } = this.#request;
    if (bearer !== undefined) this.#authenticated(bearer.token, bearer.mailbox);
  }

  get clientAddress(): string {
    return this.#request.clientAddress;
  }

  /** `undefined` before the hello. */
  get mailbox(): Mailbox | undefined {
    return this.#mailbox;
  }

  onDue(): void {
    if (this.#isClosing) return;
    if (this.#mailbox === undefined) this.#fail(unauthenticated('No `hello` came within 5 s of the upgrade.'));
    else {
      this.#context.checks.add(this, CHECKED_EVERY_MS);
      if (this.#isStuck()) this.#ws.terminate();
      else if (this.#reading === undefined)
        // Restarts no idle time: the client may be gone, since nothing was sent that would show it.
        this.#frames.run(() => whenReady(this.#request.judge(this.#token ?? ''), () => undefined));
    }
  }

  /** A newer socket of the mailbox takes its place. */
  displace(error: unknown): void {
    if (!this.#isClosing) this.#finish(DISPLACED, this.#request.problem(error));
  }

  /** The server drains. */
  drain(): void {
    this.#fail(this.#request.shuttingDown());
  }

  #receive(data: RawData, isBinary: boolean): Awaitable<void> {
    const frame = parseFrame(data, isBinary);
    if ('type' in frame) return this.#perform(frame);
    this.#refuseFrame(frame);
    return undefined;
  }

  #perform(frame: ClientFrame): Awaitable<void> {
    if (frame.type === 'hello') return this.#hello(frame);
    if (this.#mailbox === undefined) throw unauthenticated('The first frame must be `hello`, with your token.');
    if (frame.type === 'probe') {
      this.#probe(frame);
      return undefined;
    }
    return whenReady(this.#judge(), (mailbox) =>
      frame.type === 'read' ? this.#read(mailbox, frame) : this.#acknowledge(mailbox, frame),
    );
  }

  #hello({ token }: Frame<'hello'>): Awaitable<void> {
    if (this.#mailbox !== undefined) {
      this.#refuseFrame([{ pointer: '/frame/type', detail: 'hello came before' }]);
      return undefined;
    }
    return whenReady(this.#request.judge(token), (mailbox) => this.#authenticated(token, mailbox));
  }

  #authenticated(token: string, mailbox: Mailbox): void {
    if (this.#isClosing) return;
    this.#token = token;
    this.#mailbox = mailbox;
    this.#context.checks.add(this, CHECKED_EVERY_MS);
    this.#context.signalling.touch(mailbox);
    this.#context.onAuthenticated(this);
    this.#send(WELCOME);
  }

  #judge(): Awaitable<Mailbox> {
    return whenReady(this.#request.judge(this.#token ?? ''), (mailbox) => {
      this.#context.signalling.touch(mailbox);
      return mailbox;
    });
  }

  #probe({ data }: Frame<'probe'>): void {
    if (this.#isProbing) {
      this.#refuseFrame([{ pointer: '/frame/type', detail: 'a probe is under way; send one at a time' }]);
      return;
    }
    this.#isProbing = true;
    this.#send(echoFrame(data));
    this.#context.clock.after(PADDED_ECHO_AFTER_MS, () => {
      this.#isProbing = false;
      this.#send(paddedEchoFrame(data));
    });
  }

  /** An earlier reading of this socket ends when the new one begins, without a problem. */
  #read(mailbox: Mailbox, { id, after }: Frame<'read'>): void {
    const { signalling, renderBatch } = this.#context;
    const options = { after: after === undefined ? undefined : decodeCursor(after), limit: MAX_RECEIVE_BATCH };
    const reading: Reading = signalling.read(mailbox, options, {
      send: (batch) => this.#send(batchFrame(id, renderBatch(batch))),
      ended: (end, error) => {
        if (this.#earlier === reading) this.#earlier = undefined;
        if (this.#reading === reading) this.#onReadingEnded(end, error);
      },
    });
    const latest = this.#reading;
    this.#setReading(reading);
    // A flood of reads must not leave a paced reading for each.
    if (latest?.heldFromMs === undefined) latest?.end(HUNG_UP);
    else this.#earlier = latest;
    reading.start();
  }

  #setReading(reading: Reading | undefined): void {
    const wasReading = this.#reading !== undefined;
    this.#reading = reading;
    const isReading = reading !== undefined;
    if (wasReading !== isReading) this.#context.onReading(this, isReading);
  }

  #onReadingEnded(end: ReadingEnd, error: unknown): void {
    this.#endReading();
    if (end === 'draining') this.drain();
    // Nothing that is sent to it arrives any more, or the page that got it is frozen.
    else if (end === 'silent') this.#ws.terminate();
    else if (error !== undefined) this.#fail(error);
  }

  #acknowledge(mailbox: Mailbox, { cursor: text }: Frame<'ack'>): Awaitable<void> {
    const cursor = decodeCursor(text);
    const reading = this.#reading;
    if (reading?.hasSent(cursor) === true) {
      reading.acknowledge(cursor);
      return undefined;
    }
    const acknowledged = this.#context.signalling.acknowledge(mailbox, cursor);
    return reading === undefined ? acknowledged : reading.skipTo(cursor, acknowledged);
  }

  #refuseFrame(faults: readonly Fault[]): void {
    this.#fail(this.#request.invalidFrame(faults));
  }

  readonly #fail = (error: unknown): void => {
    if (this.#mailbox === undefined && !this.#isClosing) {
      this.#isClosing = true;
      this.#frames.stop();
      this.#request.charge(error).then(
        (charged) => this.#report(charged),
        () => this.#ws.terminate(),
      );
    } else if (!this.#isClosing) this.#report(error);
  };

  #report(error: unknown): void {
    const problem = this.#request.problem(error);
    if (!endsReading(problem)) {
      this.#finish(closeCodeOf(problem), problem);
      return;
    }
    this.#endReading();
    this.#send(problemFrame(problem.json));
  }

  #finish(closeCode: number, { code, json }: RenderedProblem): void {
    this.#isClosing = true;
    this.#send(problemFrame(json));
    this.#endReading();
    this.#frames.stop();
    this.#ws.close(closeCode, code);
  }

  /** Without a problem. */
  #endReading(): void {
    const readings = [this.#reading, this.#earlier];
    this.#earlier = undefined;
    this.#setReading(undefined);
    for (const reading of readings) reading?.end(HUNG_UP);
  }

  #onClosed(): void {
    this.#isClosing = true;
    this.#frames.stop();
    this.#context.checks.remove(this);
    this.#endReading();
    this.#context.onClosed(this);
  }

  /** @returns its bytes */
  #send(frame: string): number {
    if (this.#ws.readyState !== this.#ws.OPEN) return 0;
    this.#ws.send(frame, { binary: false, compress: false }, this.#onWritten);
    return Buffer.byteLength(frame);
  }

  readonly #onWritten = (): void => {
    this.#hasWritten = true;
    this.#frames.process();
  };

  /** Whether some frames wait to be written, and none was written since the checks before. */
  #isStuck(): boolean {
    const isStuck = this.#ws.bufferedAmount > 0 && !this.#hasWritten;
    this.#hasWritten = false;
    this.#stuckChecks = isStuck ? this.#stuckChecks + 1 : 0;
    return this.#stuckChecks >= MAX_STUCK_CHECKS;
  }
}
