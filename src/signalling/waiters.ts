import type { Clock } from './clock.ts';
import type { MailboxId, ParticipantId, RoomId } from './ids.ts';
import type { GoneReason, Mailbox } from './message.ts';
import { spread } from './spread.ts';

/** How a waiter reads: a poll is answered once, a socket gets batches until its reading ends. */
export type Transport = 'poll' | 'socket';

/** Why a poll, or the reading of a socket, stopped waiting. */
export type WaitEnd =
  | { readonly kind: 'window' }
  /** `isRepeated`: by a poll that asks for the same, as a client does that has lost this one. */
  | { readonly kind: 'superseded'; readonly isRepeated?: true }
  | { readonly kind: 'gone'; readonly reason: GoneReason }
  | { readonly kind: 'hung-up' }
  | { readonly kind: 'draining' };

const SUPERSEDED: WaitEnd = { kind: 'superseded' };
const DRAINING: WaitEnd = { kind: 'draining' };

/** A poll, or the reading of a socket, that listens to one mailbox. */
export interface Waiter {
  readonly mailbox: Mailbox;
  readonly transport: Transport;
  /** The next older waiter of the same mailbox, until this one supersedes it. Set by `Waiters`. */
  older: Waiter | undefined;
  /** Start of the hold (steady ms); `undefined` before it. */
  readonly heldFromMs: number | undefined;
  /** There may be a message. */
  wake(): void;
  /**
   * Only the first end counts.
   * @param newer the waiter that supersedes this one, if it is of this process
   */
  end(end: WaitEnd, newer?: Waiter): void;
}

export interface HeldSummary {
  readonly participantId: ParticipantId;
  readonly transport: Transport;
  readonly heldMs: number;
}

/** A chain of waiters per mailbox, newest first. At most one of them is held; the others are not held yet. */
export class Waiters {
  readonly #clock: Clock;
  readonly #newest = new Map<MailboxId, Waiter>();
  readonly #sizes: Record<Transport, number> = { poll: 0, socket: 0 };
  #draining = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of waiters, held or not yet held. */
  get size(): number {
    return this.#sizes.poll + this.#sizes.socket;
  }

  /** Number of polls, held or not yet held. */
  get polls(): number {
    return this.#sizes.poll;
  }

  listen(waiter: Waiter): void {
    const { mailboxId } = waiter.mailbox;
    waiter.older = this.#newest.get(mailboxId);
    this.#newest.set(mailboxId, waiter);
    this.#sizes[waiter.transport] += 1;
    if (this.#draining) waiter.end(DRAINING);
  }

  has(mailboxId: MailboxId): boolean {
    return this.#newest.has(mailboxId);
  }

  /** The polls that are held in the room now, and the sockets that read. Looks at all waiters. */
  heldIn(roomId: RoomId): readonly HeldSummary[] {
    const nowMs = this.#clock.steadyMs();
    return this.#all().flatMap(({ mailbox, transport, heldFromMs }) =>
      heldFromMs === undefined || mailbox.roomId !== roomId
        ? []
        : [{ participantId: mailbox.participantId, transport, heldMs: nowMs - heldFromMs }],
    );
  }

  /** Ends all older waiters of the mailbox. They no longer count in `size`. */
  supersede(waiter: Waiter): void {
    let older = waiter.older;
    waiter.older = undefined;
    while (older !== undefined) {
      const next: Waiter | undefined = older.older;
      // `older` may supersede its own chain later; each poll must be subtracted only once.
      older.older = undefined;
      this.#sizes[older.transport] -= 1;
      older.end(SUPERSEDED, waiter);
      older = next;
    }
  }

  /** Does nothing for a superseded waiter. */
  leave(waiter: Waiter): void {
    const { mailboxId } = waiter.mailbox;
    const newest = this.#newest.get(mailboxId);
    if (newest === waiter) {
      if (waiter.older === undefined) this.#newest.delete(mailboxId);
      else this.#newest.set(mailboxId, waiter.older);
      this.#sizes[waiter.transport] -= 1;
      return;
    }
    for (let newer = newest; newer !== undefined; newer = newer.older) {
      if (newer.older !== waiter) continue;
      newer.older = waiter.older;
      this.#sizes[waiter.transport] -= 1;
    }
  }

  wake(mailboxId: MailboxId): void {
    this.#forEach(mailboxId, (waiter) => waiter.wake());
  }

  /** Another process holds a newer poll. Polls that are not yet held here are newer than that one. */
  supersedeHeld(mailboxId: MailboxId): void {
    this.#forEach(mailboxId, (waiter) => {
      if (waiter.heldFromMs !== undefined) waiter.end(SUPERSEDED);
    });
  }

  end(mailboxId: MailboxId, end: WaitEnd): void {
    this.#forEach(mailboxId, (waiter) => waiter.end(end));
  }

  /** Each call may make its waiter leave, and others begin. */
  #forEach(mailboxId: MailboxId, tell: (waiter: Waiter) => void): void {
    for (let waiter = this.#newest.get(mailboxId); waiter !== undefined;) {
      const { older }: Waiter = waiter;
      tell(waiter);
      waiter = older;
    }
  }

  /**
   * Ends every held poll with an empty batch, and every reading of a socket, spread evenly over `overMs`, so that
   * clients do not reconnect in one burst. The first one ends at once, and so does every one that begins later.
   * Resolves early once none is left.
   */
  drain(overMs: number): Promise<void> {
    this.#draining = true;
    return spread(this.#all(), { overMs, clock: this.#clock, isOver: () => this.size === 0 }, (waiter) =>
      waiter.end(DRAINING),
    );
  }

  #all(): readonly Waiter[] {
    const waiters: Waiter[] = [];
    for (const mailboxId of this.#newest.keys()) this.#forEach(mailboxId, (waiter) => waiters.push(waiter));
    return waiters;
  }
}
