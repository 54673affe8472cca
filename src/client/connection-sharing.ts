import { listen, type Target } from './listen.ts';
import type { Env } from './env.ts';

/** For how long polls are short once a request has needed a connection: time for a call to connect. */
const SCARCE_MS = 4_000;

interface Channel extends Target {
  postMessage(message: string): void;
  close(): void;
}

interface Page {
  readonly document?: unknown;
  readonly BroadcastChannel?: new (name: string) => Channel;
}

/**
 * Over HTTP/1.1 browsers open six connections to a host, for all tabs: six held polls leave none for anything else. When a request
 * is not answered soon, all tabs of this origin give up the polls that they hold, and do not hold the next ones for a while.
 */
export class ConnectionSharing {
  readonly #env: Env;
  #channel: Channel | undefined;
  #neededAtMs = -Infinity;
  /** Gives up the held poll. */
  onNeeded: (() => void) | undefined;

  constructor(env: Env) {
    this.#env = env;
    this.open();
  }

  /** Whether connections are needed: no poll should be held. */
  get isScarce(): boolean {
    return Math.abs(this.#env.now() - this.#neededAtMs) < SCARCE_MS;
  }

  /** A request that should have been answered by now may be waiting for a connection. */
  readonly ask = (): void => {
    this.#channel?.postMessage('needed');
    this.#makeRoom();
  };

  /** Listens to the other tabs. */
  open(): void {
    const { document, BroadcastChannel } = globalThis as Page;
    // Node has channels, too; they would keep the process running.
    if (!document || !BroadcastChannel || this.#channel) return;
    try {
      this.#channel = new BroadcastChannel('holdline');
      listen(this.#channel, 'message', () => this.#makeRoom());
    } catch {
      // A sandbox forbids it: each tab for itself.
    }
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  #makeRoom(): void {
    const isNews = !this.isScarce;
    this.#neededAtMs = this.#env.now();
    // Short polls end by themselves.
    if (isNews) this.onNeeded?.();
  }
}
