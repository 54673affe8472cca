import type { GoneReason, Mailbox, OutgoingMessage, Receipt, ReceivedMessage } from './message.ts';
import { isReserved } from './reserved.ts';
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

/** A copy of a participant's message in one mailbox. */
export interface Copy {
  readonly type: string;
  readonly position: number;
}

/**
 * What the rules and the store tell about their work, to whoever counts or shows it. Told after the commit; an implementation
 * is cheap (it stands on the path of every message), does not throw, and never sees a payload's meaning or a token.
 */
export interface Telemetry {
  joined(mailbox: Mailbox, resumed: boolean): void;
  /** The mailbox is no more. `unread`: what was pending in it, room events left out; those in a reply already may be among them. */
  departed(mailbox: Mailbox, reason: GoneReason, unread: readonly Copy[]): void;
  /** `receipts` in the order of `messages`. Not told for a replayed answer. */
  sent(sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void;
  pollHeld(mailbox: Mailbox): void;
  pollEnded(mailbox: Mailbox, poll: EndedPoll): void;
  acknowledged(mailbox: Mailbox, position: number): void;
  /** A message was not acknowledged in its lifetime. */
  expired(mailbox: Mailbox, copy: Copy): void;
  /** One transaction for so many operations. */
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

/** Tells both, and nothing of rooms that the service made for itself. */
export const tellBoth = (one: Telemetry, other: Telemetry): Telemetry => ({
  joined(mailbox, resumed) {
    if (isReserved(mailbox.roomId)) return;
    one.joined(mailbox, resumed);
    other.joined(mailbox, resumed);
  },
  departed(mailbox, reason, unread) {
    if (isReserved(mailbox.roomId)) return;
    one.departed(mailbox, reason, unread);
    other.departed(mailbox, reason, unread);
  },
  sent(sender, messages, receipts) {
    one.sent(sender, messages, receipts);
    other.sent(sender, messages, receipts);
  },
  pollHeld(mailbox) {
    one.pollHeld(mailbox);
    other.pollHeld(mailbox);
  },
  pollEnded(mailbox, poll) {
    one.pollEnded(mailbox, poll);
    other.pollEnded(mailbox, poll);
  },
  acknowledged(mailbox, position) {
    one.acknowledged(mailbox, position);
    other.acknowledged(mailbox, position);
  },
  expired(mailbox, copy) {
    if (isReserved(mailbox.roomId)) return;
    one.expired(mailbox, copy);
    other.expired(mailbox, copy);
  },
  committed(operations, elapsedMs) {
    one.committed(operations, elapsedMs);
    other.committed(operations, elapsedMs);
  },
});
