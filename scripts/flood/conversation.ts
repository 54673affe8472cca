import { setTimeout as delay } from 'node:timers/promises';

const SEND_EVERY_MS = 200;

interface Joined {
  readonly token: string;
  readonly cursor: string;
}

interface Message {
  readonly type: string;
  readonly payload?: { readonly sentAtMs: number };
}

/** Two who behave: one sends five messages a second, the other holds polls. */
export class Conversation {
  /** From the start of the send to the end of the poll that brought it, in milliseconds. */
  latenciesMs: number[] = [];
  readonly #url: string;
  readonly #sender: Joined;
  readonly #receiver: Joined;
  #isOver = false;

  constructor(url: string, sender: Joined, receiver: Joined) {
    this.#url = url;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  async run(): Promise<void> {
    await Promise.all([this.#send(), this.#receive()]);
  }

  /** Both have stopped within a poll's window. */
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
      const batch = (await this.#post('/messages/poll', this.#receiver, { after, wait: 2 }, 200)) as {
        messages: Message[];
        cursor: string;
      };
      const nowMs = performance.now();
      for (const { payload } of batch.messages) {
        if (typeof payload?.sentAtMs === 'number') this.latenciesMs.push(nowMs - payload.sentAtMs);
      }
      after = batch.cursor;
    }
  }

  async #post(path: string, { token }: Joined, body: object, expected: number): Promise<unknown> {
    const answer = await fetch(`${this.#url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    if (answer.status !== expected) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
