import { randomUUID } from 'node:crypto';
import { Arrivals } from '../load/arrivals.ts';
import type { HttpClient } from '../load/http-client.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import type { TextSocket } from '../load/web-socket.ts';
import { ClientParticipant, type Joined } from './holdline-client.ts';
import { clientAddress, holdlineFull, HoldlineParticipant, pathOf, requestJoin } from './holdline.ts';
import type { Participant, System } from './system.ts';

const { keeps, version, missing, serve } = holdlineFull;

/** The same server as `holdline`. Without `stock`: `depth` and `flood` are not about how messages are read. */
export const holdlineSocket: System = {
  ...{ keeps, version, missing, serve },
  name: 'holdline-socket',
  title: 'Holdline, full, read by socket',
  transport: 'WebSocket',
  join,
  joinAsOwnClient,
};

/** Reads by socket from the start. */
async function join(http: HttpClient, room: string): Promise<Participant> {
  const address = clientAddress();
  const joined = await requestJoin(http, room, address, {});
  const socket = await openSocket(http, room, address);
  return new SocketParticipant(new HoldlineParticipant(http, pathOf(room), joined), new SocketReading(socket, joined));
}

/** Polls at first, and reads by socket once it has proved itself, 2 to 3 s later. */
async function joinAsOwnClient(http: HttpClient, room: string): Promise<Participant> {
  const address = clientAddress();
  const joined = await requestJoin(http, room, `${address}Idempotency-Key: ${randomUUID()}\r\n`, {});
  const open = () => openSocket(http, room, address);
  return new ClientSocketParticipant(new ClientParticipant(http, pathOf(room), joined), joined, open);
}

const openSocket = (http: HttpClient, room: string, address: string): Promise<TextSocket> =>
  http.webSocket(`${pathOf(room)}/messages/socket`, `${address}Sec-WebSocket-Protocol: holdline.v1\r\n`);

/** The frames that the bench reads. */
type Frame =
  | { readonly type: 'welcome' }
  | { readonly type: 'probe'; readonly padding?: string }
  | { readonly type: 'batch'; readonly batch: { readonly messages: unknown; readonly cursor: string } }
  | { readonly type: 'problem'; readonly problem: { readonly code: string } };

/** A refused frame must stop a run, never improve its figures. */
function expectGone(problem: { readonly code: string }): void {
  if (problem.code !== 'participant-gone') throw new Error(`refused by socket: ${JSON.stringify(problem)}`);
}

/** Says hello and reads in one turn; acknowledges each batch on its receipt. */
class SocketReading {
  readonly messages = new Arrivals<Incoming>();

  constructor(socket: TextSocket, { token, cursor }: Joined) {
    socket.onText = (text) => {
      const frame = JSON.parse(text) as Frame;
      if (frame.type === 'problem') expectGone(frame.problem);
      if (frame.type !== 'batch') return;
      socket.send(JSON.stringify({ type: 'ack', cursor: frame.batch.cursor }));
      this.messages.push(...incoming(frame.batch.messages));
    };
    socket.onClose = () => this.messages.end();
    socket.send(JSON.stringify({ type: 'hello', token }));
    socket.send(JSON.stringify({ type: 'read', after: cursor }));
  }
}

class SocketParticipant implements Participant {
  readonly id: string;
  readonly #sender: HoldlineParticipant;
  readonly #reading: SocketReading;

  constructor(sender: HoldlineParticipant, reading: SocketReading) {
    this.id = sender.id;
    this.#sender = sender;
    this.#reading = reading;
  }

  send(to: string, message: Outgoing): Promise<void> {
    return this.#sender.send(to, message);
  }

  receive(): Promise<readonly Incoming[] | 'over'> {
    return this.#reading.messages.next();
  }

  /** The server then closes the socket. */
  leave(): Promise<void> {
    return this.#sender.leave();
  }
}

/** The first attempt comes within this time after joining, as in `holdline/client`. */
const FIRST_JITTER_MS = 1_000;

/**
 * A participant that makes the requests and sends the frames of `holdline/client` with `socket()`. It polls while the
 * socket proves itself: by two echoes, the second one with padding.
 */
class ClientSocketParticipant implements Participant {
  readonly id: string;
  readonly #polling: ClientParticipant;
  readonly #token: string;
  readonly #probe = Math.random().toString(36).slice(0, 16);
  readonly #messages = new Arrivals<Incoming>();
  readonly #timer: NodeJS.Timeout;
  #socket: TextSocket | undefined;
  #isReading = false;
  #hasLeft = false;
  #cursor = '';

  constructor(polling: ClientParticipant, { token }: Joined, open: () => Promise<TextSocket>) {
    this.id = polling.id;
    this.#polling = polling;
    this.#token = token;
    this.#timer = setTimeout(() => void open().then((socket) => this.#begin(socket)), Math.random() * FIRST_JITTER_MS);
  }

  send(to: string, message: Outgoing): Promise<void> {
    return this.#polling.send(to, message);
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    if (!this.#isReading) {
      const messages = await this.#polling.receive();
      if (messages !== 'over') return messages;
    }
    return this.#messages.next();
  }

  async leave(): Promise<void> {
    this.#hasLeft = true;
    clearTimeout(this.#timer);
    await this.#polling.leave();
    if (this.#socket === undefined) this.#messages.end();
    else this.#socket.close();
  }

  #begin(socket: TextSocket): void {
    this.#socket = socket;
    socket.onText = (text) => this.#onFrame(JSON.parse(text) as Frame);
    socket.onClose = () => this.#onClose();
    if (this.#hasLeft) socket.close();
    else this.#send({ type: 'hello', token: this.#token });
  }

  #onFrame(frame: Frame): void {
    if (frame.type === 'problem') expectGone(frame.problem);
    else if (frame.type === 'welcome') this.#send({ type: 'probe', data: this.#probe });
    else if (frame.type === 'batch') void this.#onBatch(frame.batch);
    else if (frame.padding !== undefined) this.#read();
  }

  #read(): void {
    this.#isReading = true;
    this.#cursor = this.#polling.stopPolling();
    this.#send({ type: 'read', id: '1', after: this.#cursor });
  }

  /** Like the client, answers a batch at once, and again when its messages were handled, a turn later. */
  async #onBatch({ messages, cursor }: Extract<Frame, { type: 'batch' }>['batch']): Promise<void> {
    this.#polling.cutPoll();
    this.#acknowledge();
    if (cursor === this.#cursor) return;
    this.#messages.push(...incoming(messages));
    await Promise.resolve();
    this.#cursor = cursor;
    this.#acknowledge();
  }

  #onClose(): void {
    if (this.#isReading && !this.#hasLeft) throw new Error('the server closed a socket');
    this.#messages.end();
  }

  #acknowledge(): void {
    this.#send({ type: 'ack', cursor: this.#cursor });
  }

  #send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }
}
