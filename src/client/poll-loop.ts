import type { Batch, ReceivedMessage } from '../wire/index.ts';
import { Backoff, TokenBucket } from './backoff.ts';
import type { Env } from './env.ts';
import { refusal } from './errors.ts';
import type { Failure, Refused } from './failure.ts';
import type { Cut } from './http.ts';
import { Seen } from './inbox.ts';
import type { Gap } from './messages.ts';
import { after } from './platform.ts';
import type { Session } from './session.ts';
import { PollWindow } from './window.ts';

/** The most that the service allows: an invite and the message that takes it back come together (`maxReceiveBatch`). */
const MAX_BATCH = 100;
/** Beyond `wait`: time for the way there and back. A poll without an answer by then never gets one. */
const GRACE_MS = 8_000;
/** The server holds polls up to 10 % shorter; an empty answer much sooner was not held. */
const HELD_SHARE = 0.8;
/** A cut sooner than this may become a loop, and backs off. */
const QUICK_CUT_MS = 2_000;
/** After two the window is learned; whatever still cuts the next ones is no proxy's limit. */
const CUTS_TO_LEARN = 3;
/** So often without a poll that was held to its end, and another client has our token: one of the two has to stop. */
const SUPERSEDED_LIMIT = 3;
/** Between polls while connections are scarce: the service's own pace. */
const SCARCE_PAUSE_MS = 200;

export interface PollListeners {
  /** Resolves when all messages were handled. Never rejects. */
  readonly deliver: (messages: readonly ReceivedMessage[], more: boolean) => Promise<void>;
  readonly gap: (gap: Gap) => void;
}

/** One poll in flight, for as long as the session lasts. */
export class PollLoop {
  readonly #session: Session;
  readonly #env: Env;
  readonly #listeners: PollListeners;
  readonly #seen = new Seen();
  readonly #backoff: Backoff;
  readonly #bucket: TokenBucket;
  readonly #window: PollWindow;
  #inFlight = new AbortController();
  #cancelSign = (): void => undefined;
  #cuts = 0;
  #isLost = false;
  #superseded = 0;

  constructor(session: Session, env: Env, listeners: PollListeners) {
    this.#session = session;
    this.#env = env;
    this.#listeners = listeners;
    this.#backoff = new Backoff(env);
    this.#bucket = new TokenBucket(env.timers);
    this.#window = new PollWindow(env.timers, env.options.waitSeconds ?? session.joined.limits.defaultWaitSeconds);
    env.sharing.onNeeded = () => this.#inFlight.abort();
  }

  /** What the next poll asks for, in seconds. */
  get waitSeconds(): number {
    return this.#window.waitSeconds;
  }

  async run(): Promise<void> {
    while (!this.#session.ended) {
      // It throws when the session ends meanwhile, or the answer makes no sense.
      const delayMs = await this.#poll().catch(() => this.#backoff.next());
      // Polls that are not held pause instead.
      await this.#env.alarm.sleep(this.#env.sharing.isScarce ? delayMs + SCARCE_PAUSE_MS : delayMs);
      await this.#bucket.turn();
    }
  }

  /** Polls at once. `stale`: the connection of the poll in flight is most likely dead, and the network may be another one. */
  wake(stale: boolean): void {
    if (stale) {
      this.#window.reset();
      this.#backoff.reset();
      this.#inFlight.abort();
    }
    this.#env.alarm.ring();
  }

  stop(): void {
    this.#inFlight.abort();
    this.#cancelSign();
  }

  /** @returns milliseconds until the next poll */
  async #poll(): Promise<number> {
    // Answered at once, it tells that the network is back, or needs its connection for a moment only.
    const waitSeconds = this.#isLost || this.#env.sharing.isScarce ? 0 : this.waitSeconds;
    const { cursor } = this.#session;
    this.#inFlight = new AbortController();
    const answer = await this.#session.request<Batch>({
      operation: 'pollMessages',
      path: '/messages/poll',
      body: { after: cursor, wait: waitSeconds, limit: MAX_BATCH },
      timeoutMs: waitSeconds * 1_000 + GRACE_MS,
      signal: this.#inFlight.signal,
      isHeld: true,
      expects: 'cursor',
    });
    if (answer.kind === 'cut') return this.#cut(answer);
    if (answer.kind === 'problem') return this.#refused(answer);
    const { body, ageMs } = answer;
    // One that was to be answered at once says nothing of those that are held.
    if (waitSeconds > 0) this.#window.held(ageMs);
    this.#reached();
    this.#cuts = 0;
    const isHeld = ageMs >= waitSeconds * 1_000 * HELD_SHARE;
    if (isHeld) this.#superseded = 0;
    const fresh = body.messages.filter(this.#seen.isNew);
    await this.#handle(fresh, body.more);
    // It ended before all were handled: they come again.
    if (this.#session.ended) return 0;
    // Unless it is another mailbox by now.
    if (this.#session.cursor === cursor) this.#session.advance(body.cursor);
    if (body.expired > 0) this.#listeners.gap({ cause: 'expired', expired: body.expired });
    // Empty and ahead of time: a server that drains, or worse.
    if (!isHeld && !fresh.length) return this.#backoff.next();
    this.#backoff.reset();
    return 0;
  }

  /** While the app takes its time, the server must not think that we are gone. */
  async #handle(messages: readonly ReceivedMessage[], more: boolean): Promise<void> {
    const everyMs = (this.#session.joined.limits.idleTimeoutSeconds * 1_000) / 3;
    const wait = (): void => {
      this.#cancelSign = after(this.#env.timers, everyMs, () => {
        void this.#session.acknowledge();
        wait();
      });
    };
    wait();
    await this.#listeners.deliver(messages, more);
    this.#cancelSign();
  }

  #reached(): void {
    this.#isLost = false;
    this.#session.outage.over();
    this.#session.onReachable?.(true);
  }

  #failed(failure: Failure): void {
    this.#isLost = true;
    this.#session.failed(failure);
  }

  #cut(failure: Cut): number {
    const { cause, ageMs, retryAfterMs } = failure;
    if (cause === 'aborted' || cause === 'rejoined') return 0;
    this.#cuts += 1;
    if (cause === 'silent') {
      this.#env.sharing.ask();
      if (!this.#isLost) this.#window.vanished();
    } else if (ageMs >= QUICK_CUT_MS) {
      this.#window.cut(ageMs);
      // A proxy that cuts a held poll lets the next one through: no reason to tell the app.
      if (this.#cuts <= CUTS_TO_LEARN) return this.#backoff.slow();
    }
    this.#failed(failure);
    return this.#backoff.next(retryAfterMs);
  }

  #refused(failure: Refused): number {
    const { problem, retryAfterMs } = failure;
    const { code } = problem;
    if (code === 'poll-superseded') {
      this.#superseded += 1;
      if (this.#superseded >= SUPERSEDED_LIMIT) this.#session.takenOver(refusal(problem));
      return this.#backoff.next(1_000);
    }
    if (code === 'cursor-expired' || code === 'invalid-cursor') {
      this.#session.advance(problem.resetCursor);
      this.#listeners.gap({ cause: 'cursor-expired' });
    } else if (problem.retryable) this.#failed(failure);
    else this.#session.end('failed', refusal(problem));
    return this.#backoff.next(retryAfterMs);
  }
}
