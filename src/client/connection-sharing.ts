import { listen, type Target } from './listen.ts';
import { after, type Timers } from './platform.ts';

/** A request other than a poll that takes this much longer than twice the usual time may be waiting for a connection. */
const SLOW_MS = 800;
/** The same while connections are known to be scarce. */
const SLOW_WHILE_SCARCE_MS = 200;
/** On a slow network that is usual; up to this. */
const MAX_USUAL_MS = 1_500;
/** When giving up the own poll has not helped by then, the other tabs give up theirs. */
const ASK_TABS_MS = 400;
/** They poll again when they are told to, or after this (and as much again at random). */
const YIELD_MS = 1_000;
const YIELD_AGAIN_MS = 5_000;
/** With so many other mailboxes, polls alone take all connections. */
const MANY_OTHERS = 5;
/** For how long a count of the mailboxes holds, and how often at most they are counted. */
const SCARCE_MS = 120_000;
const COUNT_AGAIN_MS = 2_000;

/**
 * `here`: each mailbox says so once when one does, so that each counts the others. `needed`: a request needs a connection.
 * `enough`: it has had its answer.
 */
type Message = 'here' | 'needed' | 'enough';

interface Channel extends Target {
  postMessage(message: Message): void;
  close(): void;
}

interface Page {
  readonly document?: unknown;
  readonly location?: { readonly href: string };
  readonly BroadcastChannel?: new (name: string) => Channel;
}

/**
 * Over HTTP/1.1 browsers open six connections to a host, for all tabs: six held polls leave none for anything else. So a poll is
 * given up for a request that is not answered soon, first the own one, then those of the other tabs of this origin.
 */
export class ConnectionSharing {
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #baseUrl: string;
  #channel: Channel | undefined;
  /** How long the last request took, once it had a connection. */
  #usualMs = 0;
  #others = 0;
  #countedAtMs = -Infinity;
  #yieldedAtMs = -Infinity;
  #onEnough = (): void => undefined;
  /** Gives up the held poll, and polls again when the promise resolves. */
  onNeeded: ((enough: Promise<unknown>) => void) | undefined;

  constructor(timers: Timers, random: () => number, baseUrl: string) {
    this.#timers = timers;
    this.#random = random;
    this.#baseUrl = baseUrl;
    this.open();
  }

  /** Whether mailboxes wait for each other's connections: polls should be short then. */
  get isScarce(): boolean {
    return this.#others >= MANY_OTHERS && this.#isWithin(SCARCE_MS, this.#countedAtMs);
  }

  /** Watches a request other than a poll, and makes room for it when it is slow. */
  async during<Reply>(asking: Promise<Reply>): Promise<Reply> {
    let sinceMs = this.#timers.now();
    const slowMs = (this.isScarce ? SLOW_WHILE_SCARCE_MS : SLOW_MS) + 2 * Math.min(this.#usualMs, MAX_USUAL_MS);
    let cancel = after(this.#timers, slowMs, () => {
      sinceMs = this.#timers.now();
      this.onNeeded?.(asking);
      this.#count();
      cancel = after(this.#timers, ASK_TABS_MS, () => this.#askTabs(asking));
    });
    try {
      return await asking;
    } finally {
      cancel();
      this.#usualMs = this.#timers.now() - sinceMs;
    }
  }

  /** A poll had no answer at all: most likely it has never left the browser's queue. */
  pollWasSilent(): void {
    this.#count();
    this.#askTabs(Promise.resolve());
  }

  /** Listens to the other tabs. */
  open(): void {
    const { document, location, BroadcastChannel } = globalThis as Page;
    // Node has channels, too; they would keep the process running.
    if (!document || !BroadcastChannel || this.#channel) return;
    try {
      const { host } = new URL(this.#baseUrl, location?.href);
      this.#channel = new BroadcastChannel(`holdline:${host}`);
      listen(this.#channel, 'message', (event) => this.#onMessage((event as { data: Message }).data));
    } catch {
      // A sandbox forbids it: each tab for itself.
    }
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  #askTabs(asking: Promise<unknown>): void {
    this.#channel?.postMessage('needed');
    void asking.then(() => this.#channel?.postMessage('enough'));
  }

  #count(): void {
    if (this.#isWithin(COUNT_AGAIN_MS, this.#countedAtMs)) return;
    this.#countedAtMs = this.#timers.now();
    this.#others = 0;
    this.#channel?.postMessage('here');
  }

  #onMessage(message: Message): void {
    if (message === 'enough') this.#onEnough();
    else if (message === 'needed') this.#yield();
    else {
      this.#count();
      this.#others += 1;
    }
  }

  #yield(): void {
    if (this.#isWithin(YIELD_AGAIN_MS, this.#yieldedAtMs)) return;
    this.#yieldedAtMs = this.#timers.now();
    const enough = new Promise<void>((resolve) => (this.#onEnough = resolve));
    const cancel = after(this.#timers, YIELD_MS * (1 + this.#random()), this.#onEnough);
    void enough.then(cancel);
    this.onNeeded?.(enough);
  }

  /** Whether that long has not passed since; a clock that was set back counts as passed. */
  #isWithin(durationMs: number, sinceMs: number): boolean {
    const passedMs = this.#timers.now() - sinceMs;
    return passedMs >= 0 && passedMs < durationMs;
  }
}
