import { listen, type Target } from './events.ts';
import { MANY_OTHERS, SHORT_POLLS_MS } from './limits.ts';
import type { Runtime } from './runtime.ts';

/**
 * `needed`: a request needs a connection. `count`: mailboxes came or went, so each answers `here` for the others to
 * count.
 */
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
 * Over HTTP/1.1 a browser opens six connections to a host, for all tabs: six held polls leave none for other requests.
 * When a request is not answered soon, all tabs of this origin give up the polls that they hold, and make the next ones
 * short.
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
    return Math.abs(this.#runtime.now() - this.#neededAtMs) < SHORT_POLLS_MS;
  }

  /** Whether polls wait for each other's connections: they should be short, to take turns. */
  get isCrowded(): boolean {
    return this.#others >= MANY_OTHERS;
  }

  /** Frees a connection, in every tab, for a request that may be waiting for one. */
  ask(): void {
    this.#channel?.postMessage('needed');
    this.#makeRoom();
  }

  /** Joins the channel of this origin's tabs. */
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
      // A sandbox forbids channels: this tab does without.
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
    const wasNeeded = this.isNeeded;
    this.#neededAtMs = this.#runtime.now();
    // Short polls end by themselves.
    if (!wasNeeded) this.onNeeded?.();
  }
}
