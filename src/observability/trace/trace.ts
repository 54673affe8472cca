import type { Clock } from '../../signalling/clock.ts';
import type { RoomId } from '../../signalling/ids.ts';
import type { GoneReason, Mailbox, OutgoingMessage, Receipt } from '../../signalling/message.ts';
import type { Copy, EndedPoll, Telemetry } from '../../signalling/telemetry.ts';
import type { TraceEvent } from './events.ts';
import { render } from './render.ts';
import { Timeline } from './timeline.ts';

/** Over all rooms; some 20 MB when full. */
const MAX_EVENTS = 100_000;
/** What a room takes beside its events, in events. */
const ROOM_SIZE = 3;

export interface TraceOptions {
  readonly maxEvents?: number;
  /** Whether other processes serve the same rooms. */
  readonly isShared?: boolean;
}

/**
 * What happened lately in each room, in the memory of this process: a restart forgets it, and so does a busy service after a
 * while, the rooms first in which nothing happens. Rooms that are gone stay in it, since that is when people ask.
 */
export class Trace implements Telemetry {
  readonly #clock: Clock;
  readonly #rooms = new Map<RoomId, Timeline>();
  readonly #maxEvents: number;
  readonly #isShared: boolean;
  #size = 0;

  constructor(clock: Clock, { maxEvents = MAX_EVENTS, isShared = false }: TraceOptions = {}) {
    this.#clock = clock;
    this.#maxEvents = maxEvents;
    this.#isShared = isShared;
  }

  /** For a person: a line per event. `undefined` for a room of which nothing is known. */
  text(roomId: RoomId): string | undefined {
    const timeline = this.#rooms.get(roomId);
    return timeline && render(roomId, timeline, { nowMs: this.#clock.wallMs(), isShared: this.#isShared });
  }

  joined({ roomId, participantId }: Mailbox, resumed: boolean): void {
    this.#add(roomId, { kind: 'joined', atMs: this.#clock.wallMs(), who: participantId, resumed });
  }

  departed({ roomId, participantId, mailboxId }: Mailbox, reason: GoneReason, unread: readonly Copy[]): void {
    const atMs = this.#clock.wallMs();
    this.#add(roomId, { kind: 'gone', atMs, who: participantId, reason, unread: unread.length }).end(mailboxId);
  }

  sent(sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void {
    const atMs = this.#clock.wallMs();
    messages.forEach(({ id, type }, index) => {
      const to = receipts[index]?.recipients ?? [];
      this.#add(sender.roomId, { kind: 'sent', atMs, who: sender.participantId, id, type, to });
    });
  }

  pollHeld({ roomId, participantId, mailboxId }: Mailbox): void {
    this.#timeline(roomId).hold(mailboxId, participantId, this.#clock.wallMs());
  }

  pollEnded({ roomId, participantId, mailboxId }: Mailbox, { end, heldMs, messages, expired }: EndedPoll): void {
    const handed = messages.map(({ id, type, position }) => ({ id, type, position }));
    const atMs = this.#clock.wallMs();
    const event = { kind: 'poll', atMs, who: participantId, mailboxId, end, heldMs, handed, expired } as const;
    const timeline = this.#add(roomId, event);
    // The poll that took its place is held already.
    if (heldMs !== undefined && end !== 'superseded') timeline.release(mailboxId);
  }

  acknowledged({ roomId, participantId, mailboxId }: Mailbox, position: number): void {
    if (!this.#timeline(roomId).acknowledge(mailboxId, position)) return;
    const atMs = this.#clock.wallMs();
    this.#add(roomId, { kind: 'acknowledged', atMs, who: participantId, mailboxId, position });
  }

  expired({ roomId, participantId }: Mailbox, { type }: Copy): void {
    this.#add(roomId, { kind: 'expired', atMs: this.#clock.wallMs(), who: participantId, type });
  }

  committed(): void {
    // Not of any room.
  }

  #add(roomId: RoomId, event: TraceEvent): Timeline {
    const timeline = this.#timeline(roomId);
    this.#size += timeline.add(event);
    while (this.#size > this.#maxEvents) this.#forgetOne();
    return timeline;
  }

  #timeline(roomId: RoomId): Timeline {
    let timeline = this.#rooms.get(roomId);
    if (timeline === undefined) {
      this.#rooms.set(roomId, (timeline = new Timeline()));
      this.#size += ROOM_SIZE;
    }
    return timeline;
  }

  /** The oldest room in which nothing happened since the last look; those in use go to the end (second chance). */
  #forgetOne(): void {
    for (const [roomId, timeline] of this.#rooms) {
      this.#rooms.delete(roomId);
      if (!timeline.isActive || this.#rooms.size === 0) {
        this.#size -= timeline.size + ROOM_SIZE;
        return;
      }
      timeline.isActive = false;
      this.#rooms.set(roomId, timeline);
    }
  }
}
