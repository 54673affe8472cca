import type { MailboxId, ParticipantId } from '../../signalling/ids.ts';
import type { TraceEvent } from './events.ts';

/** A call of two takes some 60 events; an idle poll adds one per window. */
const MAX_EVENTS = 400;

interface HeldPoll {
  readonly who: ParticipantId;
  readonly atMs: number;
}

/** The last events of one room, and the polls that are held in it now. */
export class Timeline {
  #events: TraceEvent[] = [];
  #oldest = 0;
  /** Only while there are any: most rooms that are remembered are quiet, and a map takes more than an event. */
  #held: Map<MailboxId, HeldPoll> | undefined;
  /** Positions that were told already: a poll repeats its cursor until it gets something new. */
  #acknowledged: Map<MailboxId, number> | undefined;
  /** Set by every event, cleared by whoever looks for rooms to forget. */
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

  hold(mailboxId: MailboxId, who: ParticipantId, atMs: number): void {
    this.isActive = true;
    this.#held ??= new Map<MailboxId, HeldPoll>();
    this.#held.set(mailboxId, { who, atMs });
  }

  release(mailboxId: MailboxId): void {
    this.#held?.delete(mailboxId);
  }

  /** @returns whether that is news */
  acknowledge(mailboxId: MailboxId, position: number): boolean {
    this.#acknowledged ??= new Map<MailboxId, number>();
    if (position <= (this.#acknowledged.get(mailboxId) ?? 0)) return false;
    this.#acknowledged.set(mailboxId, position);
    return true;
  }

  end(mailboxId: MailboxId): void {
    this.release(mailboxId);
    this.#acknowledged?.delete(mailboxId);
    if (this.#held?.size === 0) this.#held = undefined;
    if (this.#acknowledged?.size === 0) this.#acknowledged = undefined;
  }

  /** Oldest first. */
  events(): readonly TraceEvent[] {
    return [...this.#events.slice(this.#oldest), ...this.#events.slice(0, this.#oldest)];
  }

  held(): readonly HeldPoll[] {
    return [...(this.#held?.values() ?? [])];
  }
}
