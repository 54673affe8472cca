// In your own project, import from 'holdline/client'.
import type { OutgoingMessage, Problem, ReceivedMessage } from '../../src/client/index.ts';

/** Who a socket belongs to, as your own authentication found out. */
export interface User {
  readonly roomId: string;
  readonly userId: string;
}

/** The receipt of a stored message, or why it was refused. */
export type Outcome = { readonly id: string; readonly sentAt: string } | Problem;

/** Events that a user sends. */
export interface UserEvents {
  /** @param key names the message in all attempts to send it: 1 to 64 random characters of `A-Z a-z 0-9 _ -` */
  send(key: string, message: OutgoingMessage, acknowledge: (outcome: Outcome) => void): void;
  leave(): void;
}

/** Events that a user gets. */
export interface BridgeEvents {
  message(message: ReceivedMessage, acknowledge: () => void): void;
  /** The user's place in the room has ended. */
  ended(reason: string): void;
}
