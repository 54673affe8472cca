import type { GoneReason, Mailbox, OutgoingMessage, Receipt, ReceivedMessage } from './message.ts';
import type { WaitEnd } from './waiters.ts';

/** How a poll ended; `refused`: by an error of its own, such as a cursor that has expired. */
export type PollEnd = WaitEnd['kind'] | 'refused';

export interface EndedPoll {
  readonly end: PollEnd;
  /** `undefined` when it was answered at once. */
  readonly heldMs: number | undefined;
  /** What its reply holds. */
  readonly messages: readonly ReceivedMessage[];
  readonly expired: number;
}

/**
 * Receives what the rules and the store do, to count it or to show it; each method is called after the commit. An
 * implementation is cheap (it runs for every message), does not throw, and never receives a token.
 */
export interface Telemetry {
  joined(mailbox: Mailbox, resumed: boolean): void;
  /** @param unread how many messages were pending in the mailbox, room events left out; some may have been in a reply */
  departed(mailbox: Mailbox, reason: GoneReason, unread: number): void;
  /** `receipts` in the order of `messages`. Not called for a replayed answer. */
  sent(sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void;
  pollHeld(mailbox: Mailbox): void;
  pollEnded(mailbox: Mailbox, poll: EndedPoll): void;
  acknowledged(mailbox: Mailbox, position: number): void;
  /** The message at this position was not acknowledged in its lifetime. */
  expired(mailbox: Mailbox, position: number): void;
  /** One transaction committed this many operations. */
  committed(operations: number, elapsedMs: number): void;
}

const ignore = (): void => undefined;

export const SILENT: Telemetry = {
  joined: ignore,
  departed: ignore,
  sent: ignore,
  pollHeld: ignore,
  pollEnded: ignore,
  acknowledged: ignore,
  expired: ignore,
  committed: ignore,
};
