import type { Clock } from '../../src/signalling/clock.ts';

interface Timer {
  dueMs: number;
  readonly listener: () => void;
  readonly intervalMs?: number;
}

/** A whole hour, so that positions made from it (microseconds) are round. */
const START_MS = Date.UTC(2026, 0, 5, 12);

/** Turns of the event loop in which the effects of a timer settle: a commit takes one, a response a few more. */
const TURNS = 8;

/**
 * A clock that stands still until a test advances it. Its timers fire in order, and the effects of each settle before
 * the next one fires.
 */
export class TestClock implements Clock {
  #steadyMs: number;
  #wallAheadMs = 0;
  #timers: Timer[] = [];

  constructor(startMs = START_MS) {
    this.#steadyMs = startMs;
  }

  wallMs(): number {
    return this.#steadyMs + this.#wallAheadMs;
  }

  steadyMs(): number {
    return this.#steadyMs;
  }

  after(delayMs: number, listener: () => void): () => void {
    return this.#start({ dueMs: this.#steadyMs + Math.max(0, delayMs), listener });
  }

  every(intervalMs: number, listener: () => void): () => void {
    return this.#start({ dueMs: this.#steadyMs + intervalMs, listener, intervalMs });
  }

  /** Advances both clocks, and fires each timer at its due time. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#steadyMs + ms;
    await settle();
    for (let timer = this.#takeDue(untilMs); timer !== undefined; timer = this.#takeDue(untilMs)) {
      timer.listener();
      await settle();
    }
    this.#steadyMs = untilMs;
  }

  /** Advances both clocks in one step: due timers fire late, as after a sleep of the machine. */
  async leap(ms: number): Promise<void> {
    this.#steadyMs += ms;
    await this.advance(0);
  }

  /** Sets the wall clock, without a passage of time. */
  jumpWall(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** The clock of a new process on this machine: it starts at the wall time and has no timers. */
  restarted(): TestClock {
    return new TestClock(this.wallMs());
  }

  get timers(): number {
    return this.#timers.length;
  }

  #start(timer: Timer): () => void {
    this.#timers.push(timer);
    return () => this.#remove(timer);
  }

  #remove(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }

  /** Advances to the next due timer. Intervals that have passed are called once. */
  #takeDue(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
    }
    if (first === undefined) return undefined;
    this.#steadyMs = Math.max(this.#steadyMs, first.dueMs);
    this.#remove(first);
    const { dueMs, intervalMs } = first;
    if (intervalMs !== undefined) {
      first.dueMs += (Math.floor((this.#steadyMs - dueMs) / intervalMs) + 1) * intervalMs;
      this.#timers.push(first);
    }
    return first;
  }
}

/** A remote service, whose responses do not arrive within a known number of turns of the event loop. */
export interface Remote {
  /** The number of requests to it so far. */
  readonly asked: number;
  /** Resolves once it has answered all requests, and has published the resulting hints. */
  settled(): Promise<void>;
}

const remotes = new Set<Remote>();

/** Makes `settle` wait for the remote, too, until the returned function is called. */
export function settleWith(remote: Remote): () => void {
  remotes.add(remote);
  return () => remotes.delete(remote);
}

/** Waits until promises and their commits have settled. Needs no clock: a commit is due at the next turn. */
export async function settle(turns = TURNS): Promise<void> {
  for (let before = -1; before !== asked();) {
    before = asked();
    for (const remote of [...remotes]) await remote.settled();
    await pass(turns);
  }
}

const asked = (): number => [...remotes].reduce((sum, remote) => sum + remote.asked, 0);

/** Waits for so many turns of the event loop, and for no remote. */
export async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
