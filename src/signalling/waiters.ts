import type { Clock } from './clock.ts';
import type { MailboxId } from './ids.ts';
import type { GoneReason } from './message.ts';

/** Why a poll stopped waiting. */
export type WaitEnd =
  | { readonly kind: 'message' }
  | { readonly kind: 'window' }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'gone'; readonly reason: GoneReason }
  | { readonly kind: 'hung-up' }
  | { readonly kind: 'draining' };

const MESSAGE: WaitEnd = { kind: 'message' };
const WINDOW: WaitEnd = { kind: 'window' };
const SUPERSEDED: WaitEnd = { kind: 'superseded' };
const DRAINING: WaitEnd = { kind: 'draining' };

/** One poll that listens to one mailbox. Remembers hints that arrive while it is not waiting. */
export class Waiter {
  readonly #clock: Clock;
  /** The next older poll of the same mailbox, until this one supersedes it. */
  older: Waiter | undefined;
  /** Start of the hold (steady ms); `undefined` before it. */
  heldFromMs: number | undefined;
  #woken = false;
  #ended: WaitEnd | undefined;
  #settle: ((end: WaitEnd) => void) | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, older: Waiter | undefined) {
    this.#clock = clock;
    this.older = older;
  }

  /** Why it was ended; `undefined` while it waits, and after its window has passed. */
  get ended(): WaitEnd | undefined {
    return this.#ended;
  }

  /** Resolves at the next hint, or at once after a missed one; at `deadlineMs` (steady ms) with `window`. */
  next(deadlineMs: number): Promise<WaitEnd> {
    if (this.#ended !== undefined) return Promise.resolve(this.#ended);
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve(MESSAGE);
    }
    return this.#pause(deadlineMs);
  }

  /** Like `next`, but waits for the full delay even if messages arrive; the next read returns them. */
  async pace(delayMs: number): Promise<WaitEnd> {
    const deadlineMs = this.#clock.steadyMs() + delayMs;
    let end = await this.next(deadlineMs);
    while (end.kind === 'message') end = await this.#pause(deadlineMs);
    return end;
  }

  wake(): void {
    this.#woken = true;
    if (this.#settle !== undefined) {
      this.#woken = false;
      this.#finish(MESSAGE);
    }
  }

  end(end: WaitEnd): void {
    this.#ended ??= end;
    this.#finish(this.#ended);
  }

  #pause(deadlineMs: number): Promise<WaitEnd> {
    if (this.#ended !== undefined) return Promise.resolve(this.#ended);
    const remainingMs = deadlineMs - this.#clock.steadyMs();
    if (remainingMs <= 0) return Promise.resolve(WINDOW);
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#cancelTimer = this.#clock.after(remainingMs, () => this.#finish(WINDOW));
    });
  }

  #finish(end: WaitEnd): void {
    const settle = this.#settle;
    this.#cancelTimer?.();
    this.#settle = undefined;
    this.#cancelTimer = undefined;
    settle?.(end);
  }
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

  listen(mailboxId: MailboxId): Waiter {
    const waiter = new Waiter(this.#clock, this.#newest.get(mailboxId));
    this.#newest.set(mailboxId, waiter);
    this.#size += 1;
    if (this.#draining) waiter.end(DRAINING);
    return waiter;
  }

  has(mailboxId: MailboxId): boolean {
    return this.#newest.has(mailboxId);
  }

  /** Ends all older polls of the mailbox. They no longer count in `size`. */
  supersede(waiter: Waiter): void {
    let older = waiter.older;
    waiter.older = undefined;
    while (older !== undefined) {
      const next: Waiter | undefined = older.older;
      // `older` may supersede its own chain later; each poll must be subtracted only once.
      older.older = undefined;
      older.end(SUPERSEDED);
      this.#size -= 1;
      older = next;
    }
  }

  /** Does nothing for a superseded waiter. */
  leave(mailboxId: MailboxId, waiter: Waiter): void {
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
    for (let waiter = this.#newest.get(mailboxId); waiter !== undefined; waiter = waiter.older) waiter.wake();
  }

  /** Another process holds a newer poll. Polls that are not yet held here are newer than that one. */
  supersedeHeld(mailboxId: MailboxId): void {
    for (let waiter = this.#newest.get(mailboxId); waiter !== undefined; waiter = waiter.older) {
      if (waiter.heldFromMs !== undefined) waiter.end(SUPERSEDED);
    }
  }

  end(mailboxId: MailboxId, end: WaitEnd): void {
    for (let waiter = this.#newest.get(mailboxId); waiter !== undefined; waiter = waiter.older) waiter.end(end);
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
    for (const newest of this.#newest.values()) {
      for (let waiter: Waiter | undefined = newest; waiter !== undefined; waiter = waiter.older) waiters.push(waiter);
    }
    return waiters;
  }
}
