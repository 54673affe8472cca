import { setTimeout as delay } from 'node:timers/promises';
import type { HttpClient } from '../load/http-client.ts';
import { requestJson } from '../load/json-client.ts';

const SEND_EVERY_MS = 200;

export interface Joined {
  readonly token: string;
  readonly cursor: string;
}

interface Message {
  readonly payload?: { readonly sentAtMs: number };
}

/** Two well-behaved participants: one sends five messages a second, the other holds polls. */
export class Conversation {
  /** Time from the start of the send to the end of the poll that returned the message. */
  latenciesMs: number[] = [];
  readonly #http: HttpClient;
  readonly #room: string;
  readonly #sender: Joined;
  readonly #receiver: Joined;
  #isOver = false;

  /** @param room the room's path */
  constructor(http: HttpClient, room: string, sender: Joined, receiver: Joined) {
    this.#http = http;
    this.#room = room;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  async run(): Promise<void> {
    await Promise.all([this.#send(), this.#receive()]);
  }

  /** Stops both participants within the window of a poll. */
  end(): void {
    this.#isOver = true;
  }

  async #send(): Promise<void> {
    await delay(Math.random() * SEND_EVERY_MS);
    while (!this.#isOver) {
      const message = { type: 'custom', payload: { sentAtMs: performance.now() } };
      await this.#post('/messages', this.#sender, message, 201);
      await delay(SEND_EVERY_MS);
    }
  }

  async #receive(): Promise<void> {
    let after = this.#receiver.cursor;
    while (!this.#isOver) {
      const batch = await this.#post('/messages/poll', this.#receiver, { after, wait: 2 }, 200);
      const nowMs = performance.now();
      for (const { payload } of batch.messages as readonly Message[]) {
        if (typeof payload?.sentAtMs === 'number') this.latenciesMs.push(nowMs - payload.sentAtMs);
      }
      after = String(batch.cursor);
    }
  }

  async #post(path: string, { token }: Joined, body: object, expected: number): Promise<Record<string, unknown>> {
    const reply = await requestJson(this.#http, 'POST', this.#room + path, { token, body });
    if (reply.status !== expected) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  }
}
