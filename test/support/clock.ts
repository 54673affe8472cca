import type { Clock } from '../../src/signalling/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly listener: () => void;
}

/** A round microsecond, so that positions made from it are whole numbers of milliseconds. */
const START_MS = Date.UTC(2026, 0, 5, 12);

/** Turns of the event loop that one timer may set off: a commit is one, and an answer seldom needs more than a few. */
const TURNS = 8;

/**
 * A clock that stands still until it is turned. Its timers fire in the order of their times, and what each sets off is
 * settled before the next one, so that a test reads like a story with times in it.
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
    const timer = { dueMs: this.#steadyMs + Math.max(0, delayMs), listener };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Turns both clocks on, and lets everything happen that falls due on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#steadyMs + ms;
    await settle();
    for (let timer = this.#takeDue(untilMs); timer !== undefined; timer = this.#takeDue(untilMs)) {
      this.#steadyMs = Math.max(this.#steadyMs, timer.dueMs);
      timer.listener();
      await settle();
    }
    this.#steadyMs = untilMs;
  }

  /** Turns both clocks on in one step: whatever falls due on the way fires late, as after a sleep of the machine. */
  async leap(ms: number): Promise<void> {
    this.#steadyMs += ms;
    await this.advance(0);
  }

  /** Sets the wall clock, without a passage of time. */
  jumpWall(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** The clock of the next process on this machine: it starts from what the wall clock shows, and knows no timers. */
  restarted(): TestClock {
    return new TestClock(this.wallMs());
  }

  get timers(): number {
    return this.#timers.length;
  }

  #takeDue(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
    }
    this.#timers = this.#timers.filter((timer) => timer !== first);
    return first;
  }
}

/** Something beyond this process, which answers in its own time and not at a turn of the event loop. */
export interface Remote {
  /** How often it was asked for something so far. */
  readonly asked: number;
  /** Resolves once it has answered all requests, and has published the resulting hints. */
  settled(): Promise<void>;
}

const remotes = new Set<Remote>();

/** From now on to settle is to wait for that, too, until the returned function is called. */
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

/** So many turns of the event loop, whatever is still on its way from elsewhere. */
export async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
