import type { Mailbox, ReceivedMessage } from '../../src/client/index.ts';
import { duration } from './words.ts';

/** The payload of a `custom` message between two demo pages. */
interface Ping {
  readonly demo: 'ping' | 'pong';
  readonly number: number;
}

interface PingListeners {
  readonly nameOf: (participantId: string) => string;
  readonly tell: (sentence: string) => void;
  /** The pings that were sent, and how many of them were answered. */
  readonly onCount: (sent: number, answered: number) => void;
}

/** Numbered messages through the mailboxes, there and back, so that a call without any shows what signalling does. */
export class Pings {
  readonly #mailbox: Mailbox;
  readonly #listeners: PingListeners;
  readonly #sentAtMs = new Map<number, number>();
  readonly #answered = new Set<number>();

  constructor(mailbox: Mailbox, listeners: PingListeners) {
    this.#mailbox = mailbox;
    this.#listeners = listeners;
    mailbox.on('message', (message) => this.#receive(message));
  }

  async send(): Promise<void> {
    const number = this.#sentAtMs.size + 1;
    const startedMs = performance.now();
    this.#sentAtMs.set(number, startedMs);
    this.#count();
    const { tell } = this.#listeners;
    try {
      const { recipients } = await this.#mailbox.send({ type: 'custom', payload: { demo: 'ping', number } });
      const stored = `Ping ${String(number)} was stored in ${duration(performance.now() - startedMs)}`;
      tell(recipients.length === 0 ? `${stored}, for no one: you are alone in this room.` : `${stored}.`);
    } catch (error) {
      tell(`Ping ${String(number)} was not sent: ${String(error)}`);
    }
  }

  #receive({ from, payload }: ReceivedMessage): void {
    const ping = parsePing(payload);
    if (ping === undefined || from === undefined) return;
    const { demo, number } = ping;
    const name = this.#listeners.nameOf(from);
    if (demo === 'pong') this.#onAnswer(number, name);
    else {
      this.#listeners.tell(`Ping ${String(number)} from ${name} has arrived.`);
      // A sender who has left needs no answer.
      this.#mailbox.send({ type: 'custom', to: from, payload: { demo: 'pong', number } }).catch(() => undefined);
    }
  }

  #onAnswer(number: number, name: string): void {
    const sentAtMs = this.#sentAtMs.get(number);
    if (sentAtMs === undefined) return;
    this.#answered.add(number);
    this.#count();
    this.#listeners.tell(`${name} answered ping ${String(number)} after ${duration(performance.now() - sentAtMs)}.`);
  }

  #count(): void {
    this.#listeners.onCount(this.#sentAtMs.size, this.#answered.size);
  }
}

/** @returns `undefined` for the payload of another client */
export function parsePing(payload: unknown): Ping | undefined {
  const { demo, number } = (payload ?? {}) as { readonly demo?: unknown; readonly number?: unknown };
  const isPing = (demo === 'ping' || demo === 'pong') && typeof number === 'number';
  return isPing ? { demo, number } : undefined;
}
