import type { Batch, ReceivedMessage } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import { SEEN_MESSAGE_IDS } from './limits.ts';
import type { Session } from './session.ts';

/** Resolves when all messages are handled. Never rejects. */
export type Deliver = (messages: readonly ReceivedMessage[], more: boolean) => Promise<void>;

/** Where a batch begins. */
export interface Position {
  readonly cursor: string | undefined;
  /** `Session.line` at that time. */
  readonly line: number;
}

/**
 * One queue of batches, whatever transport they came by: each is handled when its turn has come.
 *
 * Batches of two transports may overlap, so that one ends at or before the handled cursor. Its cursor is dropped: the
 * server refuses one behind the acknowledged position. Cursors are opaque to clients, so ids decide. A mailbox has one
 * order and batches leave nothing out, so a batch with a new message ends after the handled cursor; a batch without one
 * is known to do so only when it begins at the handled cursor.
 */
export class Inbox {
  readonly #session: Session;
  readonly #context: MailboxContext;
  readonly #deliver: Deliver;
  /** Ids of handled messages: a message keeps its `id` in every copy. */
  #seenIds: readonly string[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(session: Session, context: MailboxContext, deliver: Deliver) {
    this.#session = session;
    this.#context = context;
    this.#deliver = deliver;
  }

  /** @returns how many messages of the batch were new, once all are handled. Rejects when it is malformed. */
  take(batch: Batch, from: Position): Promise<number> {
    const turn = this.#turn.then(() => this.#handle(batch, from));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #handle({ messages, cursor, more, expired }: Batch, from: Position): Promise<number> {
    const session = this.#session;
    const fresh = messages.filter((message) => this.#isNew(message));
    await this.#deliverAll(fresh, more);
    // Messages that were not handled are delivered again.
    if (session.ended) return fresh.length;
    // After a rejoin, the batch may be of the former mailbox. An empty batch keeps the cursor, which is stored already.
    const isNext = from.line === session.line && (from.cursor === session.cursor || fresh.length > 0);
    if (isNext && cursor !== session.cursor) session.advance(cursor);
    // Reported even when the batch is dropped: it may end in messages that expired after the handled ones.
    if (expired > 0) this.#context.emit('gap', { cause: 'expired', expired });
    return fresh.length;
  }

  #isNew({ id }: ReceivedMessage): boolean {
    if (this.#seenIds.includes(id)) return false;
    this.#seenIds = [id, ...this.#seenIds.slice(0, SEEN_MESSAGE_IDS)];
    return true;
  }

  /** Delivers the messages. Meanwhile acknowledgements keep the participant from timing out. */
  async #deliverAll(messages: readonly ReceivedMessage[], more: boolean): Promise<void> {
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
