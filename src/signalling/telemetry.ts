import type { GoneReason, Mailbox, OutgoingMessage, Receipt, ReceivedMessage } from './message.ts';
import type { WaitEnd } from './waiters.ts';

/** How a poll ended. `refused`: with an error that has no kind of its own, such as `cursor-expired`. */
export type PollEnd = WaitEnd['kind'] | 'message' | 'refused';

export interface EndedPoll {
  readonly end: PollEnd;
  /** `undefined` if it was answered at once. */
  readonly heldMs: number | undefined;
  /** The messages of its response. */
  readonly messages: readonly ReceivedMessage[];
  readonly expired: number;
}

/**
 * Receives the events of the rules and of the store, for metrics and traces. Commits are reported after they happened,
 * acknowledgements of polls before they are written. An implementation must be cheap, because it runs for every message, and must not throw. It never receives a token.
 */
export interface Telemetry {
  joined(mailbox: Mailbox, resumed: boolean): void;
  /** @param unread number of pending messages without room events; some may have been delivered but not acknowledged */
  departed(mailbox: Mailbox, reason: GoneReason, unread: number): void;
  /** `receipts` has the order of `messages`. Not called for a replay. */
  sent(sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void;
  pollHeld(mailbox: Mailbox): void;
  pollEnded(mailbox: Mailbox, poll: EndedPoll): void;
  acknowledged(mailbox: Mailbox, position: number): void;
  /** The message at this position was not acknowledged in its lifetime. */
  expired(mailbox: Mailbox, position: number): void;
  /** One transaction committed this many operations. */
  committed(operations: number, elapsedMs: number): void;
}

export type Listener = (...args: readonly unknown[]) => void;

/** Makes the listener of each event. */
export const forEachEvent = (listener: (event: keyof Telemetry) => Listener): Telemetry => ({
  joined: listener('joined'),
  departed: listener('departed'),
  sent: listener('sent'),
  pollHeld: listener('pollHeld'),
  pollEnded: listener('pollEnded'),
  acknowledged: listener('acknowledged'),
  expired: listener('expired'),
  committed: listener('committed'),
});

const ignore = (): void => undefined;

export const SILENT: Telemetry = forEachEvent(() => ignore);
