import type { Batch, ReceivedMessage } from '../wire/index.ts';
import type { Alarm } from './alarm.ts';
import { Backoff, TokenBucket } from './backoff.ts';
import { HoldlineError, refusal } from './errors.ts';
import { isObject, type Answer } from './http.ts';
import { Seen } from './inbox.ts';
import type { Gap } from './messages.ts';
import type { Platform } from './platform.ts';
import type { Session } from './session.ts';
import { PollWindow } from './window.ts';

/** Beyond `wait`: time for the way there and back. A poll without an answer by then never gets one. */
const GRACE_MS = 8_000;
/** The server holds polls up to 10 % shorter; an empty answer much sooner was not held. */
const HELD_SHARE = 0.8;
/** The server's own pace for polls; a client within it is never slowed down. */
const POLL_BURST = 50;
const POLLS_PER_SECOND = 5;
/** A cut sooner than this may become a loop, and backs off. */
const QUICK_CUT_MS = 2_000;
/** So often within the time, and another client has our token: one of the two has to stop. */
const SUPERSEDED_LIMIT = 3;
const SUPERSEDED_WITHIN_MS = 60_000;

export interface PollListeners {
  /** Resolves when all messages were handled. Never rejects. */
  readonly deliver: (messages: readonly ReceivedMessage[]) => Promise<void>;
  readonly gap: (gap: Gap) => void;
  /** Whether polls get through. */
  readonly reachable: (reachable: boolean) => void;
}

/** One poll in flight, for as long as the session lasts. */
export class PollLoop {
  readonly #session: Session;
  readonly #platform: Platform;
  readonly #alarm: Alarm;
  readonly #listeners: PollListeners;
  readonly #seen = new Seen();
  readonly #backoff: Backoff;
  readonly #bucket: TokenBucket;
  readonly #window: PollWindow;
  #inFlight: AbortController | undefined;
  #early = 0;
  #supersededAtMs: number[] = [];

  constructor(session: Session, platform: Platform, alarm: Alarm, listeners: PollListeners, waitSeconds?: number) {
    this.#session = session;
    this.#platform = platform;
    this.#alarm = alarm;
    this.#listeners = listeners;
    this.#backoff = new Backoff(platform.random);
    this.#bucket = new TokenBucket(() => platform.timers.now(), POLL_BURST, POLLS_PER_SECOND);
    const { defaultWaitSeconds = 25 } = session.limits;
    this.#window = new PollWindow(() => platform.timers.now(), waitSeconds ?? defaultWaitSeconds);
  }

  /** What the next poll asks for, in seconds. */
  get waitSeconds(): number {
    return this.#window.waitSeconds;
  }

  async run(): Promise<void> {
    while (this.#session.ended === undefined) {
      const delayMs = await this.#poll();
      await this.#alarm.sleep(delayMs);
      await this.#pause(this.#bucket.take());
    }
  }

  /** Polls at once; a poll in flight is given up when its connection is most likely dead. */
  wake({ stale, moved }: { readonly stale: boolean; readonly moved: boolean }): void {
    if (moved) this.#window.reset();
    if (stale) this.#inFlight?.abort();
    this.#backoff.reset();
    this.#alarm.ring();
  }

  stop(): void {
    this.#inFlight?.abort();
  }

  /** @returns milliseconds until the next poll */
  async #poll(): Promise<number> {
    const after = this.#session.cursor;
    const { waitSeconds } = this;
    const inFlight = (this.#inFlight = new AbortController());
    const answer = await this.#session.request({
      operation: 'pollMessages',
      path: '/messages/poll',
      body: { ...(after !== undefined && { after }), wait: waitSeconds },
      timeoutMs: waitSeconds * 1_000 + GRACE_MS,
      signal: inFlight.signal,
      isAnswer: isBatch,
    });
    this.#inFlight = undefined;
    if (answer.kind === 'ok') return this.#received(answer.body, answer.ageMs, after, waitSeconds);
    if (answer.kind === 'problem') return this.#refused(answer);
    return answer.kind === 'cut' ? this.#cut(answer) : 0;
  }

  async #received(batch: Batch, ageMs: number, after: string | undefined, waitSeconds: number): Promise<number> {
    this.#listeners.reachable(true);
    this.#window.held(ageMs);
    this.#session.noteAcknowledged(after);
    const fresh = batch.messages.filter(this.#seen.isNew);
    await this.#handle(fresh);
    this.#session.advance(batch.cursor);
    if (batch.expired > 0) this.#listeners.gap({ cause: 'expired', expired: batch.expired });
    const worthIt = fresh.length > 0 || ageMs >= waitSeconds * 1_000 * HELD_SHARE;
    this.#early = worthIt ? 0 : this.#early + 1;
    // One answer ahead of time is a server that drains; more of them must not become a loop.
    if (this.#early > 1) return this.#backoff.next();
    if (worthIt) this.#backoff.reset();
    return 0;
  }

  /** While the app takes its time, the server must not think that we are gone. */
  async #handle(messages: readonly ReceivedMessage[]): Promise<void> {
    const { timers } = this.#platform;
    const { idleTimeoutSeconds = 60 } = this.#session.limits;
    const everyMs = (idleTimeoutSeconds * 1_000) / 3;
    const sign = (): void => {
      if (this.#session.ended === undefined) void this.#session.acknowledge();
      timer = timers.setTimeout(sign, everyMs);
    };
    let timer = timers.setTimeout(sign, everyMs);
    await this.#listeners.deliver(messages);
    timers.clearTimeout(timer);
  }

  #cut({ cause, ageMs }: Extract<Answer<Batch>, { kind: 'cut' }>): number {
    if (cause === 'aborted') return 0;
    if (cause === 'silent') this.#window.vanished();
    else this.#window.cut(ageMs);
    // A proxy that cuts a held poll lets the next one through: no reason to tell the app.
    if (cause !== 'silent' && ageMs >= QUICK_CUT_MS) return this.#backoff.slow();
    this.#listeners.reachable(false);
    return this.#backoff.next();
  }

  #refused({ problem, retryAfterMs }: Extract<Answer<Batch>, { kind: 'problem' }>): number {
    if (problem.code === 'poll-superseded') return this.#superseded();
    if (problem.code === 'cursor-expired' || problem.code === 'invalid-cursor') {
      this.#session.advance(problem.resetCursor);
      this.#listeners.gap({ cause: 'cursor-expired' });
    } else if (!problem.retryable) {
      this.#session.end('failed', refusal(problem));
    } else this.#listeners.reachable(false);
    return this.#backoff.next(retryAfterMs);
  }

  #superseded(): number {
    const nowMs = this.#platform.timers.now();
    this.#supersededAtMs = [...this.#supersededAtMs.filter((atMs) => nowMs - atMs < SUPERSEDED_WITHIN_MS), nowMs];
    if (this.#supersededAtMs.length >= SUPERSEDED_LIMIT) {
      const message = 'Another client polls this mailbox with the same token.';
      this.#session.end('taken-over', new HoldlineError('taken-over', message));
    }
    return this.#backoff.next(1_000);
  }

  /** Unlike back-off, nothing cuts this short: it is what keeps every loop from spinning. */
  #pause(durationMs: number): Promise<void> {
    if (durationMs <= 0) return Promise.resolve();
    return new Promise((resolve) => void this.#platform.timers.setTimeout(resolve, durationMs));
  }
}

const isBatch = (status: number, body: unknown): body is Batch =>
  status === 200 && isObject(body) && Array.isArray(body.messages) && typeof body.cursor === 'string';
