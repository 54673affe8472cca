import type { Batch } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import type { Cut, Refused } from './http.ts';
import { Inbox, type Deliver } from './inbox.ts';
import {
  POLL_BURST,
  CROWDED_WAIT_SECONDS,
  CUTS_TO_LEARN,
  POLL_GRACE_MS,
  HELD_SHARE,
  POLL_INTERVAL_MS,
  POLL_BATCH,
  SHORT_WAIT_SECONDS,
  QUICK_CUT_MS,
  MAX_SUPERSEDED,
} from './limits.ts';
import { PollWindow } from './poll-window.ts';
import { Backoff } from './retry.ts';
import type { Session } from './session.ts';

/** Keeps one poll in flight for as long as the session lasts. */
export class PollLoop {
  readonly #session: Session;
  readonly #context: MailboxContext;
  readonly #inbox: Inbox;
  readonly #backoff: Backoff;
  readonly #window: PollWindow;
  #inFlight = new AbortController();
  #cuts = 0;
  #superseded = 0;

  constructor(session: Session, context: MailboxContext, deliver: Deliver) {
    this.#session = session;
    this.#context = context;
    this.#inbox = new Inbox(session, context, deliver);
    this.#backoff = new Backoff(context);
    this.#window = new PollWindow(context, context.options.waitSeconds ?? session.joined.limits.defaultWaitSeconds);
    context.sharing.onNeeded = () => this.#inFlight.abort();
  }

  /** How long the next poll asks to be held, in seconds. */
  get waitSeconds(): number {
    const { waitSeconds } = this.#window;
    return this.#context.sharing.isCrowded ? Math.min(waitSeconds, CROWDED_WAIT_SECONDS) : waitSeconds;
  }

  async run(): Promise<void> {
    const context = this.#context;
    let quick = 0;
    while (!this.#session.ended) {
      const startedMs = context.now();
      // A poll rejects when the session ends meanwhile, or when its answer is malformed.
      const delayMs = await this.#poll().catch(() => this.#backoff.next());
      await context.sleep(delayMs);
      // No sequence of answers can make the loop spin.
      quick = context.now() - startedMs < POLL_INTERVAL_MS ? quick + 1 : 0;
      if (quick >= POLL_BURST) await context.sleep(POLL_INTERVAL_MS);
    }
  }

  /**
   * Polls at once. `stale`: the connection of the poll in flight is probably dead, and the network may be another
   * one.
   */
  wake(stale: boolean): void {
    if (stale) {
      this.#window.reset();
      this.#backoff.reset();
      this.#session.works();
      this.#inFlight.abort();
    }
    this.#context.wake();
  }

  stop(): void {
    this.#inFlight.abort();
  }

  /** @returns milliseconds until the next poll */
  async #poll(): Promise<number> {
    const { cursor, state } = this.#session;
    const normalSeconds = this.#context.sharing.isNeeded ? SHORT_WAIT_SECONDS : this.waitSeconds;
    // A poll that is answered at once shows that the network is back.
    const waitSeconds = state === 'reconnecting' ? 0 : normalSeconds;
    this.#inFlight = new AbortController();
    const answer = await this.#session.request<Batch>({
      operation: 'pollMessages',
      path: '/messages/poll',
      body: JSON.stringify({ after: cursor, wait: waitSeconds, limit: POLL_BATCH }),
      timeoutMs: waitSeconds * 1_000 + POLL_GRACE_MS,
      signal: this.#inFlight.signal,
      isHeld: true,
      expects: 'cursor',
    });
    if (answer.kind === 'ok') {
      const { waitSeconds: shorter = waitSeconds } = answer.body;
      const isShortened = shorter >= 1 && shorter < waitSeconds;
      if (isShortened) this.#window.shorten(shorter);
      const isHeld = answer.ageMs >= (isShortened ? shorter : waitSeconds) * 1_000 * HELD_SHARE;
      return this.#onBatch(answer.body, cursor, isHeld);
    }
    if (answer.kind === 'problem') this.#refused(answer);
    else if (answer.cause === 'aborted') return 0;
    else this.#cut(answer, waitSeconds);
    return this.#backoff.next(answer.retryAfterMs);
  }

  /**
   * @param after the position that the poll asked from
   * @param isHeld whether the poll was held to its end
   * @returns milliseconds until the next poll
   */
  async #onBatch(batch: Batch, after: string | undefined, isHeld: boolean): Promise<number> {
    this.#session.become('connected');
    this.#cuts = 0;
    if (isHeld) this.#superseded = 0;
    const fresh = await this.#inbox.take(batch, after);
    // An empty answer ahead of time: the server drains, or something answers in its place.
    if (!isHeld && !fresh && !this.#session.ended) return this.#backoff.next();
    this.#backoff.reset();
    return 0;
  }

  /**
   * A poll was cut.
   * @param waitSeconds how long it asked to be held; a poll with 0 does not show how long polls may be held
   */
  #cut(failure: Cut, waitSeconds: number): void {
    const { cause, ageMs } = failure;
    if (cause === 'rejoined') return;
    this.#cuts += 1;
    const wasHeld = waitSeconds > 0 && ageMs >= QUICK_CUT_MS;
    if (wasHeld) this.#window.cut(ageMs);
    if (cause === 'silent') this.#context.sharing.ask();
    // A proxy that cuts a held poll lets the next one through: this is no outage yet.
    else if (wasHeld && this.#cuts <= CUTS_TO_LEARN) return;
    this.#session.cutOff(failure);
  }

  #refused(failure: Refused): void {
    const { problem, error } = failure;
    const { code } = problem;
    if (code === 'poll-superseded') {
      this.#superseded += 1;
      if (this.#superseded >= MAX_SUPERSEDED) this.#session.takenOver(error);
    } else if (code === 'cursor-expired' || code === 'invalid-cursor') {
      this.#session.advance(problem.resetCursor);
      this.#context.emit('gap', { cause: 'cursor-expired' });
    } else if (problem.retryable) this.#session.cutOff(failure);
    else this.#session.end('failed', error);
  }
}
