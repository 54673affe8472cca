import type { Batch } from '../wire/index.ts';
import type { MailboxContext } from './context.ts';
import type { Cut, Refused } from './http.ts';
import type { Inbox, Position } from './inbox.ts';
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
  OWN_CHANGE_MS,
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
  #isPaused = false;
  #onResume = (): void => undefined;
  /** The next poll is answered at once. */
  #isUrgent = false;
  /** When polls were last paused or resumed. */
  #changedMs = -Infinity;
  /** Settles when the latest poll has been answered, or given up. */
  answered: Promise<unknown> | undefined;

  constructor(session: Session, context: MailboxContext, inbox: Inbox) {
    this.#session = session;
    this.#context = context;
    this.#inbox = inbox;
    this.#backoff = new Backoff(context);
    this.#window = new PollWindow(context, context.options.waitSeconds ?? session.joined.limits.defaultWaitSeconds);
    context.sharing.onNeeded = () => this.abort();
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
      if (this.#isPaused) {
        await new Promise<void>((resolve) => (this.#onResume = resolve));
        continue;
      }
      const startedMs = context.now();
      // A poll rejects when the session ends meanwhile, or when its answer is malformed.
      const delayMs = await this.#poll().catch(() => this.#backoff.next());
      await context.sleep(delayMs);
      // No sequence of answers can make the loop spin.
      quick = context.now() - startedMs < POLL_INTERVAL_MS ? quick + 1 : 0;
      if (quick >= POLL_BURST) await context.sleep(POLL_INTERVAL_MS);
    }
  }

  /** No further poll begins. */
  pause(): void {
    this.#isPaused = true;
    this.#changedMs = this.#context.now();
  }

  /** Polls at once, if polls were paused. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#isUrgent = true;
    this.#changedMs = this.#context.now();
    this.#onResume();
    // It may still pause after a poll that had failed before.
    this.#context.wake();
  }

  /** Gives up the poll in flight, and what was learned about the network. */
  reset(): void {
    this.#window.reset();
    this.#backoff.reset();
    this.#session.works();
    this.abort();
  }

  /** Gives up the poll in flight. */
  abort(): void {
    this.#inFlight.abort();
  }

  stop(): void {
    this.abort();
    this.#onResume();
  }

  /** @returns milliseconds until the next poll */
  async #poll(): Promise<number> {
    const { cursor, line, state } = this.#session;
    const normalSeconds = this.#context.sharing.isNeeded ? SHORT_WAIT_SECONDS : this.waitSeconds;
    // A poll that is answered at once shows that the network is back.
    const waitSeconds = this.#isUrgent || state === 'reconnecting' ? 0 : normalSeconds;
    this.#isUrgent = false;
    this.#inFlight = new AbortController();
    const asking = this.#session.request<Batch>({
      operation: 'pollMessages',
      path: '/messages/poll',
      body: JSON.stringify({ after: cursor, wait: waitSeconds, limit: POLL_BATCH }),
      timeoutMs: waitSeconds * 1_000 + POLL_GRACE_MS,
      signal: this.#inFlight.signal,
      isHeld: true,
      expects: 'cursor',
    });
    this.answered = asking.catch(() => undefined);
    const answer = await asking;
    if (answer.kind === 'ok') {
      const { waitSeconds: shorter = waitSeconds } = answer.body;
      const isShortened = shorter >= 1 && shorter < waitSeconds;
      if (isShortened) this.#window.shorten(shorter);
      const isHeld = answer.ageMs >= (isShortened ? shorter : waitSeconds) * 1_000 * HELD_SHARE;
      return this.#onBatch(answer.body, { cursor, line }, isHeld);
    }
    if (answer.kind === 'problem') this.#refused(answer);
    else if (answer.cause === 'aborted') return 0;
    else this.#cut(answer, waitSeconds);
    return this.#backoff.next(answer.retryAfterMs);
  }

  /**
   * @param from the position that the poll asked from
   * @param isHeld whether the poll was held to its end
   * @returns milliseconds until the next poll
   */
  async #onBatch(batch: Batch, from: Position, isHeld: boolean): Promise<number> {
    this.#session.become('connected');
    this.#cuts = 0;
    if (isHeld) this.#superseded = 0;
    const fresh = await this.#inbox.take(batch, from);
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
      // The client's own change of transports supersedes, too.
      if (this.#context.now() - this.#changedMs >= OWN_CHANGE_MS) this.#superseded += 1;
      if (this.#superseded >= MAX_SUPERSEDED) this.#session.takenOver(error);
    } else if (code === 'cursor-expired' || code === 'invalid-cursor') {
      this.#session.restart(problem.resetCursor);
      this.#context.emit('gap', { cause: 'cursor-expired' });
    } else if (problem.retryable) this.#session.cutOff(failure);
    else this.#session.end('failed', error);
  }
}
