import type { GoneReason, Mailbox, OutgoingMessage, Receipt, ReceivedMessage } from './message.ts';
import type { WaitEnd } from './waiters.ts';

/**
 * How a poll ended. `shortened`: at the end of a window that was shortened for the client's network. `refused`: with an
 * error that has no kind of its own, such as `cursor-expired`.
 */
export type PollEnd = WaitEnd['kind'] | 'message' | 'shortened' | 'refused';

export interface EndedPoll {
  readonly end: PollEnd;
  /** `undefined` if it was answered at once. */
  readonly heldMs: number | undefined;
  /** The messages of its response. */
  readonly messages: readonly ReceivedMessage[];
  readonly expired: number;
}

/**
 * How the reading of a socket ended. `silent`: its last batch was not acknowledged in time, as by a frozen page.
 * `refused`: with an error that has no kind of its own, such as `cursor-expired`.
 */
export type ReadingEnd = Exclude<WaitEnd['kind'], 'window'> | 'silent' | 'refused';

export interface SentBatch {
  readonly messages: readonly ReceivedMessage[];
  readonly expired: number;
  /** The socket was waiting for the messages, as a held poll does. */
  readonly wasHeld: boolean;
}

export interface EndedReading {
  readonly end: ReadingEnd;
  readonly readMs: number;
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
  /** A socket was sent a batch. Not called for an empty one. */
  batchSent(mailbox: Mailbox, batch: SentBatch): void;
  /** The socket no longer reads. Not called for a reading that was refused before it began. */
  readingEnded(mailbox: Mailbox, reading: EndedReading): void;
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
  batchSent: listener('batchSent'),
  readingEnded: listener('readingEnded'),
  acknowledged: listener('acknowledged'),
  expired: listener('expired'),
  committed: listener('committed'),
});

const ignore = (): void => undefined;

export const SILENT: Telemetry = forEachEvent(() => ignore);
