import type { Clock } from '../../signalling/clock.ts';
import type { RoomId } from '../../signalling/ids.ts';
import type { GoneReason, Mailbox, OutgoingMessage, Receipt } from '../../signalling/message.ts';
import type { EndedPoll, Telemetry } from '../../signalling/telemetry.ts';
import { render } from './render.ts';
import { Timeline, type TraceEvent } from './timeline.ts';

/** Maximum number of events in all rooms together: some 20 MB. */
const MAX_EVENTS = 100_000;
/** Memory of a room without its events, measured in events. */
const ROOM_SIZE = 3;

export interface TraceOptions {
  readonly maxEvents?: number;
  /** Whether other processes serve the same rooms. */
  readonly isShared?: boolean;
}

/**
 * The latest events of each room, in the memory of this process. A restart clears it; a full trace forgets inactive
 * rooms first. Ended rooms stay in it, because operators ask for those.
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

  /** Returns a line per event, for people; `undefined` for an unknown room. */
  text(roomId: RoomId): string | undefined {
    const timeline = this.#rooms.get(roomId);
    return timeline && render(roomId, timeline, { nowMs: this.#clock.wallMs(), isShared: this.#isShared });
  }

  joined({ roomId, participantId }: Mailbox, resumed: boolean): void {
    this.#add(roomId, { kind: 'joined', atMs: this.#clock.wallMs(), participantId, resumed });
  }

  departed({ roomId, participantId, mailboxId }: Mailbox, reason: GoneReason, unread: number): void {
    const atMs = this.#clock.wallMs();
    this.#add(roomId, { kind: 'gone', atMs, participantId, reason, unread }).forgetMailbox(mailboxId);
  }

  sent(sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void {
    const atMs = this.#clock.wallMs();
    messages.forEach(({ id, type }, index) => {
      const recipients = receipts[index]?.recipients ?? [];
      this.#add(sender.roomId, { kind: 'sent', atMs, participantId: sender.participantId, id, type, recipients });
    });
  }

  pollHeld({ roomId, participantId, mailboxId }: Mailbox): void {
    this.#timeline(roomId).addHeldPoll(mailboxId, { participantId, atMs: this.#clock.wallMs() });
  }

  pollEnded({ roomId, participantId, mailboxId }: Mailbox, { end, heldMs, messages, expired }: EndedPoll): void {
    const delivered = messages.map(({ id, type, position }) => ({ id, type, position }));
    const atMs = this.#clock.wallMs();
    const event = { kind: 'poll', atMs, participantId, mailboxId, end, heldMs, delivered, expired } as const;
    const timeline = this.#add(roomId, event);
    // A newer poll has already taken the place of a superseded one.
    if (heldMs !== undefined && end !== 'superseded') timeline.removeHeldPoll(mailboxId);
  }

  acknowledged({ roomId, participantId, mailboxId }: Mailbox, position: number): void {
    if (!this.#timeline(roomId).acknowledge(mailboxId, position)) return;
    const atMs = this.#clock.wallMs();
    this.#add(roomId, { kind: 'acknowledged', atMs, participantId, mailboxId, position });
  }

  expired({ roomId, participantId }: Mailbox): void {
    this.#add(roomId, { kind: 'expired', atMs: this.#clock.wallMs(), participantId });
  }

  committed(): void {
    // A commit belongs to no single room.
  }

  #add(roomId: RoomId, event: TraceEvent): Timeline {
    const timeline = this.#timeline(roomId);
    this.#size += timeline.add(event);
    while (this.#size > this.#maxEvents) this.#forgetRoom();
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

  /**
   * Forgets the oldest room without an event since the last look; active rooms move to the end (second-chance
   * eviction).
   */
  #forgetRoom(): void {
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
