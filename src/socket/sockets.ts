import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Clock } from '../signalling/clock.ts';
import { pollSuperseded, tooManyPolls } from '../signalling/errors.ts';
import type { MailboxId } from '../signalling/ids.ts';
import type { Batch } from '../signalling/receive.ts';
import type { SocketRequest } from '../signalling/socket-request.ts';
import type { Signalling } from '../signalling/signalling.ts';
import { spread } from '../signalling/spread.ts';
import { TimingWheel } from '../signalling/timing-wheel.ts';
import { MAX_FRAME_BYTES, SUBPROTOCOL } from '../wire/index.ts';
import { Connection, type ConnectionContext } from './connection.ts';

/** Per mailbox and process: a client opens a new socket before it knows that the old one is dead. */
const MAX_PER_MAILBOX = 2;
/** Sockets without a hello. Stops strangers from taking the connections of all participants. */
const MAX_STRANGERS = 1_000;
/** The same for one client address. */
const MAX_STRANGERS_PER_ADDRESS = 64;
/** Time for the closing handshake; then the connection is destroyed. */
const CLOSE_WITHIN_MS = 1_000;
/** Stop a client from making the server keep the parts of one message, or answers to pings, in memory. */
const MAX_FRAGMENTS = 64;
const MAX_PENDING_PONGS = 4;
/** A variable, since the types of `ws` lack two of these options. */
const SERVER_OPTIONS = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_FRAME_BYTES,
  maxFragments: MAX_FRAGMENTS,
  maxPendingAutoPongs: MAX_PENDING_PONGS,
  closeTimeout: CLOSE_WITHIN_MS,
  handleProtocols: () => SUBPROTOCOL,
};

export interface SocketsOptions {
  readonly signalling: Signalling;
  readonly clock: Clock;
  /** @returns JSON text */
  readonly renderBatch: (batch: Batch) => string;
}

/** The sockets of this process: which there are, how many there may be, and their drain. */
export class Sockets {
  readonly #server = new WebSocketServer(SERVER_OPTIONS);
  readonly #signalling: Signalling;
  readonly #clock: Clock;
  readonly #context: ConnectionContext;
  readonly #all = new Set<Connection>();
  readonly #reading = new Set<Connection>();
  /** Without a hello, per client address. */
  readonly #strangers = new Map<string, number>();
  #strangerCount = 0;
  readonly #ofMailbox = new Map<MailboxId, Connection[]>();
  #isDraining = false;
  #onEmpty = (): void => undefined;

  constructor({ signalling, clock, renderBatch }: SocketsOptions) {
    this.#signalling = signalling;
    this.#clock = clock;
    this.#context = {
      signalling,
      clock,
      checks: new TimingWheel(clock),
      renderBatch,
      onAuthenticated: (connection) => this.#onAuthenticated(connection),
      onReading: (connection, isReading) => this.#onReading(connection, isReading),
      onClosed: (connection) => this.#onClosed(connection),
    };
  }

  get size(): number {
    return this.#all.size;
  }

  /**
   * Checks, before the upgrade, that there may be another socket.
   * @throws SignallingError `too-many-polls`
   */
  requireRoom(clientAddress: string, isStranger: boolean): void {
    this.#signalling.requireRoomForSocket();
    const ofAddress = this.#strangers.get(clientAddress) ?? 0;
    if (isStranger && (this.#strangerCount >= MAX_STRANGERS || ofAddress >= MAX_STRANGERS_PER_ADDRESS))
      throw tooManyPolls();
  }

  /** Answers the upgrade, whose headers were checked, with 101. */
  accept(req: IncomingMessage, socket: Duplex, head: Buffer, request: SocketRequest): void {
    this.#server.handleUpgrade(req, socket, head, (ws) => {
      const { clientAddress } = request;
      this.#strangers.set(clientAddress, (this.#strangers.get(clientAddress) ?? 0) + 1);
      this.#strangerCount += 1;
      const connection = new Connection(ws, request, this.#context);
      this.#all.add(connection);
      connection.open();
      this.#count();
      if (this.#isDraining) connection.drain();
    });
  }

  /** Closes the sockets that do not read, spread over `overMs`. Those that read end with their readings. */
  async drain(overMs: number): Promise<void> {
    this.#isDraining = true;
    const idle = [...this.#all].filter((connection) => !this.#reading.has(connection));
    await spread(idle, { overMs, clock: this.#clock }, (connection) => connection.drain());
  }

  /** Closes what is left. Resolves when all connections are closed, at most a second later. */
  async close(): Promise<void> {
    for (const connection of this.#all) connection.drain();
    if (this.#all.size > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
  }

  #onAuthenticated(connection: Connection): void {
    this.#forgetStranger(connection.clientAddress);
    const { mailbox } = connection;
    if (mailbox === undefined) return;
    const sockets = [...(this.#ofMailbox.get(mailbox.mailboxId) ?? []), connection];
    const oldest = sockets.length > MAX_PER_MAILBOX ? sockets.shift() : undefined;
    this.#ofMailbox.set(mailbox.mailboxId, sockets);
    oldest?.displace(pollSuperseded());
  }

  #onReading(connection: Connection, isReading: boolean): void {
    if (isReading) this.#reading.add(connection);
    else this.#reading.delete(connection);
    this.#count();
    if (!isReading && this.#isDraining) connection.drain();
  }

  #onClosed(connection: Connection): void {
    this.#all.delete(connection);
    const { mailbox } = connection;
    if (mailbox === undefined) this.#forgetStranger(connection.clientAddress);
    else {
      const left = this.#ofMailbox.get(mailbox.mailboxId)?.filter((each) => each !== connection) ?? [];
      if (left.length === 0) this.#ofMailbox.delete(mailbox.mailboxId);
      else this.#ofMailbox.set(mailbox.mailboxId, left);
    }
    this.#count();
    if (this.#all.size === 0) this.#onEmpty();
  }

  #forgetStranger(clientAddress: string): void {
    const left = (this.#strangers.get(clientAddress) ?? 0) - 1;
    this.#strangerCount -= 1;
    if (left <= 0) this.#strangers.delete(clientAddress);
    else this.#strangers.set(clientAddress, left);
  }

  /** A reading socket counts as a waiter; the others count here. */
  #count(): void {
    this.#signalling.idleSockets = this.#all.size - this.#reading.size;
  }
}
