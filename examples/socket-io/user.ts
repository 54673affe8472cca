import { io, type Socket } from 'socket.io-client';
import type { OutgoingMessage, ReceivedMessage } from '../../src/client/index.ts';
import type { BridgeEvents, Outcome, User, UserEvents } from './events.ts';

/** Ids of handled messages that are kept. A message comes twice only if its acknowledgement was lost. */
const KEPT_IDS = 1_000;

/** The user's side: runs in the browser. */
export class SocketIoUser {
  readonly socket: Socket<BridgeEvents, UserEvents>;
  readonly #seenIds = new Set<string>();

  /** @param onMessage called for each message, once and in order */
  constructor(url: string, user: User, onMessage: (message: ReceivedMessage) => void) {
    // Sends one message at a time, until it is acknowledged: in order, through lost connections and restarts.
    this.socket = io(url, { auth: { ...user }, retries: Infinity, ackTimeout: 2_000 });
    this.socket.on('message', (message, acknowledge) => {
      // Duplicates are dropped here: an unacknowledged message comes again, with the same `id`.
      if (!this.#seenIds.has(message.id)) {
        this.#remember(message.id);
        onMessage(message);
      }
      acknowledge();
    });
  }

  /** @returns the receipt once the message is stored, or the problem with which it was refused */
  send(message: OutgoingMessage): Promise<Outcome> {
    return this.socket.emitWithAck('send', crypto.randomUUID(), message);
  }

  /** Leaves the room. Closing the page does not: the mailbox waits for the user to come back. */
  leave(): void {
    this.socket.emit('leave');
  }

  #remember(id: string): void {
    this.#seenIds.add(id);
    for (const oldest of this.#seenIds) {
      if (this.#seenIds.size <= KEPT_IDS) break;
      this.#seenIds.delete(oldest);
    }
  }
}
