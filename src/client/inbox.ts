import type { Batch, ReceivedMessage } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import { SEEN_MESSAGE_IDS } from './limits.ts';
import type { Session } from './session.ts';

/** Resolves when all messages are handled. Never rejects. */
export type Deliver = (messages: readonly ReceivedMessage[], more: boolean) => Promise<void>;

/** A queue of batches: each is handled when its turn has come. */
export class Inbox {
  readonly #session: Session;
  readonly #context: MailboxContext;
  readonly #deliver: Deliver;
  /** Ids of handled messages: a message keeps its `id` in every copy. */
  #seenIds: readonly string[] = [];

  constructor(session: Session, context: MailboxContext, deliver: Deliver) {
    this.#session = session;
    this.#context = context;
    this.#deliver = deliver;
  }

  /**
   * Handles the messages that are new.
   * @param after the cursor from which the batch was asked for
   * @returns how many are new
   */
  async take(batch: Batch, after: string | undefined): Promise<number> {
    const session = this.#session;
    const fresh = batch.messages.filter((message) => this.#isNew(message));
    await this.#handle(fresh, batch.more);
    // Messages that were not handled are delivered again.
    if (session.ended) return fresh.length;
    // A rejoin may have changed the mailbox. An empty batch keeps the cursor, which is stored already.
    if (session.cursor === after && batch.cursor !== after) session.advance(batch.cursor);
    if (batch.expired > 0) this.#context.emit('gap', { cause: 'expired', expired: batch.expired });
    return fresh.length;
  }

  #isNew({ id }: ReceivedMessage): boolean {
    if (this.#seenIds.includes(id)) return false;
    this.#seenIds = [id, ...this.#seenIds.slice(0, SEEN_MESSAGE_IDS)];
    return true;
  }

  /** Delivers the messages. Meanwhile acknowledgements keep the participant from timing out. */
  async #handle(messages: readonly ReceivedMessage[], more: boolean): Promise<void> {
    const everyMs = (this.#session.joined.limits.idleTimeoutSeconds * 1_000) / 3;
    let cancel = (): void => undefined;
    const wait = (): void => {
      cancel = this.#context.after(everyMs, () => {
        if (this.#session.ended) return;
        void this.#session.acknowledge();
        wait();
      });
    };
    wait();
    await this.#deliver(messages, more);
    cancel();
  }
}
