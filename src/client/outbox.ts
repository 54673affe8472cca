import type { Receipt, ReceiptList } from '../wire/index.ts';
import { persist, type Env } from './env.ts';
import type { HoldlineError } from './errors.ts';
import type { Answer, HttpRequest } from './http.ts';
import { endsCall, type OutgoingMessage } from './messages.ts';
import { OutboxQueue, type Group } from './outbox-queue.ts';
import { randomId } from './platform.ts';
import type { Session } from './session.ts';

/** Sends in order, and goes on trying until a message's lifetime is over. */
export class Outbox {
  readonly #session: Session;
  readonly #env: Env;
  readonly #queue = new OutboxQueue();
  /** What is cancelled when the page goes. */
  readonly #inFlight = new Set<HttpRequest<ReceiptList>>();
  #isPageStopping = false;
  #onDrained: (() => void) | undefined;

  constructor(session: Session, env: Env) {
    this.#session = session;
    this.#env = env;
  }

  /** @throws HoldlineError; TypeError for what JSON cannot hold */
  async send(given: OutgoingMessage): Promise<Receipt> {
    const { ended, joined } = this.#session;
    if (ended) throw ended.error;
    // As it is now: a retry under the same key must say the same.
    const message = JSON.parse(JSON.stringify(given)) as OutgoingMessage;
    const lifetimeMs = (message.ttlSeconds ?? joined.limits.defaultTtlSeconds) * 1_000;
    // What is sent in one turn goes as one batch; what is sent while that is under way, as the next one.
    void Promise.resolve().then(() => this.#pump());
    return new Promise((resolve, reject) => {
      this.#queue.add({ message, deadlineMs: this.#env.timers.now() + lifetimeMs, resolve, reject });
    });
  }

  /**
   * The page is about to stop: no timer, and no answer, may come any more. Until `resume()` everything goes at once, in requests
   * that outlive the page, even if that changes the order; what is on its way in another request goes again, under the same key.
   */
  flush(): void {
    this.#isPageStopping = true;
    const cancelled = [...this.#inFlight];
    this.#pump();
    for (const request of cancelled) void this.#attempt(request, false).catch(() => undefined);
  }

  /** The page runs on. */
  resume(): void {
    this.#isPageStopping = false;
  }

  /** Resolves when nothing waits any more, or cannot be waited for. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained = resolve;
      this.#pump();
    });
  }

  /** Rejects all that waits. */
  end(error: HoldlineError): void {
    for (const { reject } of this.#queue.takeAll()) reject(error);
  }

  #pump(): void {
    const { maxSendBatch } = this.#session.joined.limits;
    const next = (): Group | undefined =>
      this.#isPageStopping ? this.#queue.nextAtOnce(maxSendBatch) : this.#queue.next(maxSendBatch);
    for (let group; (group = next());) void this.#deliver(group);
    if (this.#queue.isEmpty || this.#isPageStopping) this.#onDrained?.();
  }

  async #deliver(group: Group): Promise<void> {
    await this.#settle(group);
    this.#queue.release(group);
    this.#pump();
  }

  async #settle(group: Group): Promise<void> {
    try {
      const { receipts } = await this.#persist(group);
      for (const [index, receipt] of receipts.entries()) group[index]?.resolve(receipt);
    } catch (cause) {
      const error = cause as HoldlineError;
      // All or nothing was stored: those that were not at fault go again. The recipient is the same for all.
      const mixed = group.length > 1 && error.problem && error.code !== 'recipient-not-found';
      for (const item of group) {
        if (mixed) await this.#settle([item]);
        else item.reject(error);
      }
    }
  }

  /** The same request under the same key, so that a lost reply doubles nothing. */
  #persist(group: Group): Promise<ReceiptList> {
    const deadlineMs = Math.max(...group.map((item) => item.deadlineMs));
    const messages = group.map((item) => item.message);
    const send = {
      operation: 'sendMessages',
      path: '/messages/batch',
      body: { messages },
      headers: { 'Idempotency-Key': randomId(this.#env.random) },
      expects: 'receipts',
    } as const;
    const isLast = messages.some(endsCall);
    return persist(
      this.#env,
      () => this.#attempt(send, isLast),
      () => deadlineMs,
      'lifetime-over',
    );
  }

  /** @param isLast whether the page may close right afterwards */
  async #attempt(send: HttpRequest<ReceiptList>, isLast: boolean): Promise<Answer<ReceiptList>> {
    const keepalive = isLast || this.#isPageStopping;
    if (!keepalive) this.#inFlight.add(send);
    try {
      return await this.#session.request<ReceiptList>({ ...send, keepalive });
    } finally {
      if (!keepalive) this.#inFlight.delete(send);
    }
  }
}
