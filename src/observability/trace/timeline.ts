import type { MailboxId, ParticipantId } from '../../signalling/ids.ts';
import type { GoneReason } from '../../signalling/message.ts';
import type { PollEnd } from '../../signalling/telemetry.ts';

/** A message in a reply, without its content. */
interface DeliveredMessage {
  readonly id: string;
  readonly type: string;
  readonly position: number;
}

interface Recipient {
  readonly participantId: ParticipantId;
  /** Whether one of its polls was held, or had just ended, when the message was stored. */
  readonly listening: boolean;
}

/** An event in a room, with its wall-clock time. It holds names, types and times, never content. */
export type TraceEvent = { readonly atMs: number; readonly participantId: ParticipantId } & (
  | { readonly kind: 'joined'; readonly resumed: boolean }
  | { readonly kind: 'gone'; readonly reason: GoneReason; readonly unread: number }
  | { readonly kind: 'sent'; readonly id: string; readonly type: string; readonly recipients: readonly Recipient[] }
  | {
      readonly kind: 'poll';
      readonly mailboxId: MailboxId;
      readonly end: PollEnd;
      readonly heldMs: number | undefined;
      readonly delivered: readonly DeliveredMessage[];
      readonly expired: number;
    }
  | { readonly kind: 'acknowledged'; readonly mailboxId: MailboxId; readonly position: number }
  | { readonly kind: 'expired' }
);

/** A call between two participants takes some 60 events; an idle poll adds one per window. */
const MAX_EVENTS = 400;

interface HeldPoll {
  readonly participantId: ParticipantId;
  readonly atMs: number;
}

/** The latest events of one room, and its held polls. */
export class Timeline {
  #events: TraceEvent[] = [];
  #oldest = 0;
  /** Absent while empty: most rooms in memory are quiet, and a map takes more memory than an event. */
  #held: Map<MailboxId, HeldPoll> | undefined;
  /** Acknowledged positions: a poll repeats its cursor until it receives something new. */
  #acknowledged: Map<MailboxId, number> | undefined;
  /** Set by every event, cleared when the trace looks for rooms to forget. */
  isActive = true;

  get size(): number {
    return this.#events.length;
  }

  /** @returns by how many events the timeline grew */
  add(event: TraceEvent): 0 | 1 {
    this.isActive = true;
    if (this.#events.length < MAX_EVENTS) {
      this.#events.push(event);
      return 1;
    }
    this.#events[this.#oldest] = event;
    this.#oldest = (this.#oldest + 1) % MAX_EVENTS;
    return 0;
  }

  addHeldPoll(mailboxId: MailboxId, poll: HeldPoll): void {
    this.isActive = true;
    this.#held ??= new Map<MailboxId, HeldPoll>();
    this.#held.set(mailboxId, poll);
  }

  removeHeldPoll(mailboxId: MailboxId): void {
    this.#held?.delete(mailboxId);
  }

  /** @returns whether the position was not acknowledged before */
  acknowledge(mailboxId: MailboxId, position: number): boolean {
    this.#acknowledged ??= new Map<MailboxId, number>();
    if (position <= (this.#acknowledged.get(mailboxId) ?? 0)) return false;
    this.#acknowledged.set(mailboxId, position);
    return true;
  }

  forgetMailbox(mailboxId: MailboxId): void {
    this.removeHeldPoll(mailboxId);
    this.#acknowledged?.delete(mailboxId);
    if (this.#held?.size === 0) this.#held = undefined;
    if (this.#acknowledged?.size === 0) this.#acknowledged = undefined;
  }

  /** Returns the events, oldest first. */
  events(): readonly TraceEvent[] {
    return [...this.#events.slice(this.#oldest), ...this.#events.slice(0, this.#oldest)];
  }

  heldPolls(): readonly HeldPoll[] {
    return [...(this.#held?.values() ?? [])];
  }
}
