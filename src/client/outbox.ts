import type { Receipt, ReceiptList } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import { HoldlineError } from './errors.ts';
import type { Failure } from './http.ts';
import { CANDIDATE_GATHERING_MS, MAX_REFUSED } from './limits.ts';
import { endsCall, isTrickled, type OutgoingMessage } from './messages.ts';
import { OutboxQueue, type Group, type Item } from './outbox-queue.ts';
import { retryUntilSettled } from './retry.ts';
import type { Session } from './session.ts';

/**
 * Whether a proxy refuses the request itself, rather than ask for a login, a pause or another attempt (401, 407, 408,
 * 425, 429).
 */
const isRefusedByProxy = (failure: Failure): boolean =>
  failure.kind === 'cut' && /^4(?!01|07|08|25|29)/.test(String(failure.status));

/** Sends messages in order. Retries each until its lifetime is over. */
export class Outbox {
  readonly #session: Session;
  readonly #context: MailboxContext;
  readonly #queue = new OutboxQueue();
  /** Messages of this turn, and candidates that wait for further ones. */
  readonly #gathered: Item[] = [];
  /** Until `resume()`. */
  isPageStopping = false;
  #onDrained: (() => void) | undefined;

  constructor(session: Session, context: MailboxContext) {
    this.#session = session;
    this.#context = context;
  }

  /** @throws HoldlineError; TypeError for a message that JSON cannot hold */
  async send(given: OutgoingMessage): Promise<Receipt> {
    const { ended, joined } = this.#session;
    if (ended) throw ended.error;
    // A copy: the app may change its message before it is sent.
    const message = JSON.parse(JSON.stringify(given)) as OutgoingMessage;
    const lifetimeMs = (message.ttlSeconds ?? joined.limits.defaultTtlSeconds) * 1_000;
    // Messages sent in one turn go as one batch; messages sent while that is under way, as the next one.
    if (this.isPageStopping || !isTrickled(message)) void Promise.resolve().then(this.#release);
    else if (!this.#gathered.length) this.#context.after(CANDIDATE_GATHERING_MS, this.#release);
    return new Promise((resolve, reject) => {
      this.#gathered.push({ message, deadlineMs: this.#context.now() + lifetimeMs, resolve, reject });
    });
  }

  /**
   * The page is about to stop: timers may not fire, and answers may not arrive. Until `resume()` every message goes at
   * once, in requests that outlive the page, even if that changes the order.
   */
  flush(): void {
    this.isPageStopping = true;
    this.#release();
  }

  /** The page continues. */
  resume(): void {
    this.isPageStopping = false;
  }

  /** Resolves when no message is pending, or when the page stops. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained = resolve;
      this.#release();
    });
  }

  /** Rejects all pending messages. */
  end(error: HoldlineError): void {
    this.#queue.add(this.#gathered.splice(0));
    for (const { reject } of this.#queue.takeAll()) reject(error);
  }

  /** What has gathered goes, as far as it need not wait for a request under way. */
  readonly #release = (): void => {
    this.#queue.add(this.#gathered.splice(0));
    this.#pump();
  };

  #pump(): void {
    const { maxSendBatch } = this.#session.joined.limits;
    for (let group; (group = this.#queue.next(maxSendBatch, this.isPageStopping));) void this.#deliver(group);
    const isEmpty = this.#queue.isEmpty && !this.#gathered.length;
    if (isEmpty || this.isPageStopping) this.#onDrained?.();
  }

  async #deliver(group: Group): Promise<void> {
    await this.#sendOrReject(group);
    this.#queue.release(group);
    this.#pump();
  }

  /** Resolves or rejects each message. @param refused how often a proxy has refused these messages already */
  async #sendOrReject(group: Group, refused = 0): Promise<void> {
    try {
      const { receipts } = await this.#sendGroup(group, refused);
      for (const [index, receipt] of receipts.entries()) group[index]?.resolve(receipt);
    } catch (cause) {
      const error = cause as HoldlineError;
      const isByProxy = error.code === 'proxy-refused';
      // All were stored, or none: each is sent again alone, so that only the faulty ones fail. A missing recipient is
      // missing for all.
      const isMixed = isByProxy || (error.problem && error.code !== 'recipient-not-found');
      for (const item of group) {
        if (isMixed && group.length > 1) await this.#sendOrReject([item], isByProxy ? MAX_REFUSED - 1 : 0);
        else item.reject(error);
      }
    }
  }

  /** Retries one request under one idempotency key, so that a lost reply stores no message twice. */
  #sendGroup(group: Group, refused: number): Promise<ReceiptList> {
    const deadlineMs = Math.max(...group.map((item) => item.deadlineMs));
    const messages = group.map((item) => item.message);
    const send = {
      operation: 'sendMessages',
      path: '/messages/batch',
      body: JSON.stringify({ messages }),
      headers: { 'Idempotency-Key': this.#context.newId() },
      expects: 'receipts',
    } as const;
    let times = refused;
    const onFailure = async (failure: Failure): Promise<void> => {
      if (failure.kind === 'cut') this.#session.failed(failure);
      times = isRefusedByProxy(failure) ? times + 1 : 0;
      // Behind a captive portal other requests fail, too, and all succeed once the user has logged in.
      if (times >= MAX_REFUSED && (await this.#session.acknowledge()).kind !== 'cut') {
        throw new HoldlineError('proxy-refused', failure.error);
      }
    };
    // The page may close right after the end of a call.
    const isLast = messages.some(endsCall);
    return retryUntilSettled(
      this.#context,
      () => this.#session.request<ReceiptList>({ ...send, keepalive: isLast || this.isPageStopping }),
      () => deadlineMs,
      { code: 'lifetime-over', onFailure },
    );
  }
}
