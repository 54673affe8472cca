import type { Participant } from '../systems/system.ts';
import type { Incoming } from './message.ts';

/** A participant that keeps a poll open until it leaves. */
export class Endpoint {
  readonly participant: Participant;
  onMessage: (message: Incoming) => void = () => undefined;
  readonly #listening: Promise<void>;

  constructor(participant: Participant) {
    this.participant = participant;
    this.#listening = this.#listen();
  }

  async close(): Promise<void> {
    await this.participant.leave();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    for (;;) {
      const messages = await this.participant.receive();
      if (messages === 'over') return;
      for (const message of messages) this.onMessage(message);
    }
  }
}
