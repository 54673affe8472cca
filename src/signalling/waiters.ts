import type { Clock } from './clock.ts';
import type { MailboxId, ParticipantId, RoomId } from './ids.ts';
import type { GoneReason, Mailbox } from './message.ts';

/** Why a poll stopped waiting. */
export type WaitEnd =
  | { readonly kind: 'window' }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'gone'; readonly reason: GoneReason }
  | { readonly kind: 'hung-up' }
  | { readonly kind: 'draining' };

const SUPERSEDED: WaitEnd = { kind: 'superseded' };
const DRAINING: WaitEnd = { kind: 'draining' };

/** A poll that listens to one mailbox. */
export interface Waiter {
  readonly mailbox: Mailbox;
  /** The next older poll of the same mailbox, until this one supersedes it. Set by `Waiters`. */
  older: Waiter | undefined;
  /** Start of the hold (steady ms); `undefined` before it. */
  readonly heldFromMs: number | undefined;
  /** There may be a message. */
  wake(): void;
  /** Only the first end counts. */
  end(end: WaitEnd): void;
}

export interface HeldPollSummary {
  readonly participantId: ParticipantId;
  readonly heldMs: number;
}

/** Short enough for an even load, long enough that a drain of a minute needs few timers. */
const SLICE_MS = 50;

/** A chain of waiters per mailbox, newest first. At most one of them is held; the others are not held yet. */
export class Waiters {
  readonly #clock: Clock;
  readonly #newest = new Map<MailboxId, Waiter>();
  #size = 0;
  #draining = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of listening polls, held or not yet held. */
  get size(): number {
    return this.#size;
  }

  listen(waiter: Waiter): void {
    const { mailboxId } = waiter.mailbox;
    waiter.older = this.#newest.get(mailboxId);
    this.#newest.set(mailboxId, waiter);
    this.#size += 1;
    if (this.#draining) waiter.end(DRAINING);
  }

  has(mailboxId: MailboxId): boolean {
    return this.#newest.has(mailboxId);
  }

  /** The polls that are held in the room now. Looks at all polls. */
  heldIn(roomId: RoomId): readonly HeldPollSummary[] {
    const nowMs = this.#clock.steadyMs();
    return this.#all().flatMap(({ mailbox, heldFromMs }) =>
      heldFromMs === undefined || mailbox.roomId !== roomId
        ? []
        : [{ participantId: mailbox.participantId, heldMs: nowMs - heldFromMs }],
    );
  }

  /** Ends all older polls of the mailbox. They no longer count in `size`. */
  supersede(waiter: Waiter): void {
    let older = waiter.older;
    waiter.older = undefined;
    while (older !== undefined) {
      const next: Waiter | undefined = older.older;
      // `older` may supersede its own chain later; each poll must be subtracted only once.
      older.older = undefined;
      this.#size -= 1;
      older.end(SUPERSEDED);
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
      this.#size -= 1;
      return;
    }
    for (let newer = newest; newer !== undefined; newer = newer.older) {
      if (newer.older !== waiter) continue;
      newer.older = waiter.older;
      this.#size -= 1;
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
   * Ends every held poll with an empty batch, spread evenly over `overMs`, so that clients do not reconnect in one
   * burst. The first poll ends at once, and so does every poll that begins later. Resolves early once no poll is left.
   */
  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    const held = this.#all();
    const startedMs = this.#clock.steadyMs();
    for (let ended = 0; ended < held.length && this.#size > 0;) {
      const elapsedMs = this.#clock.steadyMs() - startedMs;
      const due = elapsedMs < overMs ? Math.floor((elapsedMs * held.length) / overMs) + 1 : held.length;
      for (const waiter of held.slice(ended, due)) waiter.end(DRAINING);
      ended = due;
      if (ended < held.length) await new Promise<void>((resolve) => this.#clock.after(SLICE_MS, resolve));
    }
  }

  #all(): readonly Waiter[] {
    const waiters: Waiter[] = [];
    for (const mailboxId of this.#newest.keys()) this.#forEach(mailboxId, (waiter) => waiters.push(waiter));
    return waiters;
  }
}
