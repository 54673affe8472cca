import type { DefaultEventsMap, Server, Socket } from 'socket.io';
// In your own project, import from 'holdline/client' and 'holdline'.
import { joinRoom, type HoldlineError, type Mailbox, type ReceivedMessage } from '../../src/client/index.ts';
import type { Holdline } from '../../src/index.ts';
import type { BridgeEvents, Outcome, User, UserEvents } from './events.ts';

export type UserServer = Server<UserEvents, BridgeEvents, DefaultEventsMap, User>;
type UserSocket = Socket<UserEvents, BridgeEvents, DefaultEventsMap, User>;

const BASE_URL = 'http://in.process';
/** How long a user may take to acknowledge a message, before it is sent again. */
const ACK_MS = 5_000;

/** Makes every user of the Socket.IO server a participant of a Holdline room, so that polling users can call them. */
export function bridge(io: UserServer, holdline: Holdline): void {
  io.on('connection', (socket) => new BridgedUser(socket, holdline));
}

/** One connection of a user. Its mailbox waits for the user's next connection until its idle time is over. */
class BridgedUser {
  readonly #socket: UserSocket;
  readonly #holdline: Holdline;
  readonly #gone = new AbortController();
  #token = '';

  constructor(socket: UserSocket, holdline: Holdline) {
    this.#socket = socket;
    this.#holdline = holdline;
    socket.on('disconnect', () => this.#gone.abort());
    const joined = this.#join();
    joined.then(
      (mailbox) => this.#receive(mailbox),
      (error: unknown) => this.#end((error as HoldlineError).code),
    );
    socket.on('send', (key, message, acknowledge) => {
      // Without an acknowledgement, the user's client sends the message again.
      joined.then(() => this.#send(key, message, acknowledge)).catch(() => undefined);
    });
    socket.on('leave', () => void joined.then((mailbox) => mailbox.leave()).catch(() => undefined));
  }

  #join(): Promise<Mailbox> {
    const { roomId, userId } = this.#socket.data;
    return joinRoom({
      baseUrl: BASE_URL,
      fetch: this.#holdline.fetch,
      roomId,
      participantId: userId,
      join: async (fields) => {
        // Resuming keeps the messages that the user has not acknowledged, on this connection or on an earlier one.
        const joined = await this.#holdline.join(roomId, { ...fields, resume: true });
        this.#token = joined.token;
        return joined;
      },
      signal: this.#gone.signal,
    });
  }

  #receive(mailbox: Mailbox): void {
    const { signal } = this.#gone;
    const close = (): void => void mailbox.close();
    if (signal.aborted) close();
    else signal.addEventListener('abort', close);
    // For example when the user has connected a second time: the newest connection wins.
    mailbox.on('ended', ({ reason }) => this.#end(reason));
    const ended = new Promise<void>((resolve) => mailbox.on('ended', () => resolve()));
    mailbox.on('message', (message) => this.#passOn(message, ended));
  }

  /** Resolves when the user has acknowledged the message: only then it counts as handled, and leaves the mailbox. */
  async #passOn(message: ReceivedMessage, ended: Promise<void>): Promise<void> {
    while (this.#socket.connected) {
      try {
        await this.#socket.timeout(ACK_MS).emitWithAck('message', message);
        return;
      } catch {
        // No acknowledgement came in time: the message goes again, if the user is still there.
      }
    }
    // Not handled before the mailbox is closed: the user's next connection gets the message.
    await ended;
  }

  /**
   * Sends under the user's own key, which the store remembers: repeated after a lost connection or a restart of this
   * process, the message is stored once. `mailbox.send` retries as well, but under a key of this process.
   */
  async #send(key: string, message: unknown, acknowledge: (outcome: Outcome) => void): Promise<void> {
    const response = await this.#holdline.fetch(`${BASE_URL}/v1/rooms/${this.#socket.data.roomId}/messages`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${this.#token}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': key,
      },
      body: JSON.stringify(message),
    });
    const outcome = (await response.json()) as Outcome;
    // The mailbox may be joining again (401, 410), or the store be busy: the next attempt may succeed.
    const isSettled =
      response.ok || ('retryable' in outcome && !outcome.retryable && ![401, 410].includes(response.status));
    if (isSettled) acknowledge(outcome);
  }

  #end(reason: string): void {
    if (this.#gone.signal.aborted) return;
    this.#socket.emit('ended', reason);
    this.#socket.disconnect();
  }
}
