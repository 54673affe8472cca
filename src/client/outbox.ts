import type { Problem, Receipt, ReceiptList } from '../wire/index.ts';
import type { Alarm } from './alarm.ts';
import { Backoff, TokenBucket } from './backoff.ts';
import { HoldlineError, refusal } from './errors.ts';
import { isObject } from './http.ts';
import type { OutgoingMessage } from './messages.ts';
import { OutboxQueue, type Group } from './outbox-queue.ts';
import { randomId, type Platform } from './platform.ts';
import type { Session, SessionAnswer } from './session.ts';

const ATTEMPT_MS = 15_000;
/** Far above what calls need; it only bounds what a broken server or a loop in the app can cause. */
const SEND_BURST = 50;
const SENDS_PER_SECOND = 20;

type Outcome = readonly Receipt[] | HoldlineError;

/** Sends in order, and goes on trying until a message's lifetime is over. */
export class Outbox {
  readonly #session: Session;
  readonly #platform: Platform;
  readonly #alarm: Alarm;
  readonly #bucket: TokenBucket;
  readonly #queue = new OutboxQueue();
  #idle: (() => void)[] = [];

  constructor(session: Session, platform: Platform, alarm: Alarm) {
    this.#session = session;
    this.#platform = platform;
    this.#alarm = alarm;
    this.#bucket = new TokenBucket(() => platform.timers.now(), SEND_BURST, SENDS_PER_SECOND);
  }

  /** @throws HoldlineError */
  send(message: OutgoingMessage): Promise<Receipt> {
    const { ended } = this.#session;
    if (ended !== undefined) return Promise.reject(ended.error);
    const { defaultTtlSeconds = 120 } = this.#session.limits;
    const lifetimeMs = (message.ttlSeconds ?? defaultTtlSeconds) * 1_000;
    const receipt = new Promise<Receipt>((resolve, reject) => {
      this.#queue.push({ message, deadlineMs: this.#platform.timers.now() + lifetimeMs, resolve, reject });
    });
    // What is sent in one turn goes as one batch; what is sent while that is under way, as the next one.
    void Promise.resolve().then(() => this.#pump());
    return receipt;
  }

  /** Resolves when nothing waits any more. */
  drained(): Promise<void> {
    if (this.#queue.isEmpty) return Promise.resolve();
    return new Promise((resolve) => void this.#idle.push(resolve));
  }

  /** Rejects all that waits. */
  end(error: HoldlineError): void {
    for (const { reject } of this.#queue.takeAll()) reject(error);
    this.#noteIdle();
  }

  #pump(): void {
    const { maxSendBatch = 32, maxMessageBytes = 65_536 } = this.#session.limits;
    const limits = { messages: maxSendBatch, characters: maxMessageBytes };
    for (let group = this.#queue.next(limits); group !== undefined; group = this.#queue.next(limits)) {
      void this.#deliver(group);
    }
    this.#noteIdle();
  }

  async #deliver(group: Group): Promise<void> {
    const outcome = await this.#attempts(group);
    if (outcome instanceof HoldlineError) this.#refuse(group, outcome);
    else this.#accept(group, outcome);
    this.#pump();
  }

  /** The same request under the same key, so that a lost reply doubles nothing. */
  async #attempts(group: Group): Promise<Outcome> {
    const backoff = new Backoff(this.#platform.random);
    const idempotencyKey = randomId(this.#platform.random);
    const deadlineMs = Math.max(...group.map((item) => item.deadlineMs));
    let last = new HoldlineError('lifetime-over', 'The message could not be sent within its lifetime.');
    for (;;) {
      await this.#alarm.sleep(this.#bucket.take());
      const remainingMs = deadlineMs - this.#platform.timers.now();
      if (remainingMs <= 0) return last;
      const answer = await this.#attempt(group, idempotencyKey, Math.min(ATTEMPT_MS, remainingMs));
      const { ended } = this.#session;
      if (ended !== undefined) return ended.error;
      if (answer.kind === 'ok') return answer.body;
      if (answer.kind === 'problem') {
        if (!answer.problem.retryable) return refusal(answer.problem);
        last = new HoldlineError('lifetime-over', answer.problem.detail, { problem: answer.problem });
      }
      const waitMs = answer.kind === 'rejoined' ? 0 : backoff.next(answer.kind === 'problem' ? answer.retryAfterMs : 0);
      await this.#alarm.sleep(Math.min(waitMs, remainingMs));
    }
  }

  async #attempt(group: Group, idempotencyKey: string, timeoutMs: number): Promise<SessionAnswer<readonly Receipt[]>> {
    const messages = group.map((item) => item.message);
    const common = { idempotencyKey, timeoutMs };
    if (messages.length > 1) {
      const many = { operation: 'sendMessages', path: '/messages/batch', body: { messages }, isAnswer: isReceiptList };
      const answer = await this.#session.request({ ...common, ...many });
      return answer.kind === 'ok' ? { ...answer, body: answer.body.receipts } : answer;
    }
    const one = { operation: 'sendMessage', path: '/messages', body: messages[0], isAnswer: isReceipt };
    const answer = await this.#session.request({ ...common, ...one });
    return answer.kind === 'ok' ? { ...answer, body: [answer.body] } : answer;
  }

  #accept(group: Group, receipts: readonly Receipt[]): void {
    this.#queue.settle(group);
    group.forEach(({ resolve, reject }, index) => {
      const receipt = receipts[index];
      if (receipt === undefined) reject(new HoldlineError('network', 'The answer lacks a receipt.'));
      else resolve(receipt);
    });
  }

  /** All or nothing was stored: those that were not at fault go again without the one that was. */
  #refuse(group: Group, error: HoldlineError): void {
    const faulty = faultyIndexes(error.problem);
    const refused = faulty.size === 0 ? group : group.filter((_, index) => faulty.has(index));
    this.#queue.settle(refused);
    for (const item of group) this.#queue.release(item);
    for (const { reject } of refused) reject(error);
  }

  #noteIdle(): void {
    if (!this.#queue.isEmpty) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Which messages of a batch are to blame. One recipient for all of them: when it is not there, all are. */
function faultyIndexes(problem: Problem | undefined): ReadonlySet<number> {
  if (problem === undefined || problem.code === 'recipient-not-found') return new Set();
  const indexes = (problem.errors ?? []).map(({ pointer }) => /^\/body\/messages\/(\d+)/.exec(pointer)?.[1]);
  return new Set(indexes.filter((index) => index !== undefined).map(Number));
}

const isReceipt = (status: number, body: unknown): body is Receipt =>
  status === 201 && isObject(body) && typeof body.id === 'string';

const isReceiptList = (status: number, body: unknown): body is ReceiptList =>
  status === 201 && isObject(body) && Array.isArray(body.receipts);
