import type { Runtime } from './runtime.ts';
import { listen, type Target } from './listen.ts';

/** For how long polls are short once a request has needed a connection: time for a call to connect. */
const NEEDED_MS = 4_000;
/** With so many other mailboxes, polls alone take all connections. */
const MANY_OTHERS = 5;

/** `needed`: a request needs a connection. `count`: mailboxes came or went, so each says `here` for the others to count. */
type Message = 'needed' | 'count' | 'here';

interface Channel extends Target {
  postMessage(message: Message): void;
  close(): void;
}

interface Page {
  readonly document?: unknown;
  readonly BroadcastChannel?: new (name: string) => Channel;
}

/**
 * Over HTTP/1.1 browsers open six connections to a host, for all tabs: six held polls leave none for anything else. When a request
 * is not answered soon, all tabs of this origin give up the polls that they hold, and make the next ones short.
 */
export class ConnectionSharing {
  readonly #runtime: Runtime;
  #channel: Channel | undefined;
  #neededAtMs = -Infinity;
  #others = 0;
  /** Gives up the held poll. */
  onNeeded: (() => void) | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.open();
  }

  /** Whether a request needs a connection: no poll should keep one for long. */
  get isNeeded(): boolean {
    return Math.abs(this.#runtime.now() - this.#neededAtMs) < NEEDED_MS;
  }

  /** Whether polls wait for each other's connections: they should be short, to take turns. */
  get isCrowded(): boolean {
    return this.#others >= MANY_OTHERS;
  }

  /** A request that should have been answered by now may be waiting for a connection. */
  ask(): void {
    this.#channel?.postMessage('needed');
    this.#makeRoom();
  }

  /** Listens to the other tabs. */
  open(): void {
    const { document, BroadcastChannel } = globalThis as Page;
    // Node has channels, too; they would keep the process running.
    if (!document || !BroadcastChannel || this.#channel) return;
    try {
      this.#channel = new BroadcastChannel('holdline');
      listen(this.#channel, 'message', (event) => this.#onMessage((event as { data: Message }).data));
      this.#channel.postMessage('count');
      this.#channel.postMessage('here');
    } catch {
      // A sandbox forbids it: each tab for itself.
    }
  }

  close(): void {
    this.#channel?.postMessage('count');
    this.#channel?.close();
    this.#channel = undefined;
  }

  #onMessage(message: Message): void {
    if (message === 'needed') this.#makeRoom();
    else if (message === 'here') this.#others += 1;
    else {
      this.#others = 0;
      this.#channel?.postMessage('here');
    }
  }

  #makeRoom(): void {
    const isNews = !this.isNeeded;
    this.#neededAtMs = this.#runtime.now();
    // Short polls end by themselves.
    if (isNews) this.onNeeded?.();
  }
}
