import type { Batch, ReceivedMessage } from '../wire/index.ts';
import { Backoff } from './backoff.ts';
import type { Env } from './env.ts';
import type { Cut, Refused } from './http.ts';
import { Seen } from './inbox.ts';
import type { Session } from './session.ts';
import { PollWindow } from './window.ts';

/** The most that the service allows: an invite and the message that takes it back come together (`maxReceiveBatch`). */
const MAX_BATCH = 100;
/** Beyond `wait`: time for the way there and back. A poll without an answer by then never gets one. */
const GRACE_MS = 8_000;
/** The server holds polls up to 10 % shorter; an empty answer much sooner was not held. */
const HELD_SHARE = 0.8;
/** The service's own pace for polls, 5 a second, and its burst: a client within it is never slowed down. */
const INTERVAL_MS = 200;
const BURST = 50;
/** What a poll asks for while tabs wait for each other's connections. */
const CROWDED_WAIT_SECONDS = 5;
/** The same while a request needs a connection: long enough not to burden a server that is only slow. */
const NEEDED_WAIT_SECONDS = 1;
/** A cut sooner than this may become a loop, and backs off. */
const QUICK_CUT_MS = 2_000;
/** After two the window is learned; whatever still cuts the next ones is no proxy's limit. */
const CUTS_TO_LEARN = 3;
/** So often without a poll that was held to its end, and another client has our token: one of the two has to stop. */
const SUPERSEDED_LIMIT = 3;

/** Resolves when all messages were handled. Never rejects. */
type Deliver = (messages: readonly ReceivedMessage[], more: boolean) => Promise<void>;

/** One poll in flight, for as long as the session lasts. */
export class PollLoop {
  readonly #session: Session;
  readonly #env: Env;
  readonly #deliver: Deliver;
  readonly #seen = new Seen();
  readonly #backoff: Backoff;
  readonly #window: PollWindow;
  #inFlight = new AbortController();
  #cuts = 0;
  #superseded = 0;

  constructor(session: Session, env: Env, deliver: Deliver) {
    this.#session = session;
    this.#env = env;
    this.#deliver = deliver;
    this.#backoff = new Backoff(env);
    this.#window = new PollWindow(env, env.options.waitSeconds ?? session.joined.limits.defaultWaitSeconds);
    env.sharing.onNeeded = () => this.#inFlight.abort();
  }

  /** What the next poll asks for, in seconds. */
  get waitSeconds(): number {
    const { waitSeconds } = this.#window;
    return this.#env.sharing.isCrowded ? Math.min(waitSeconds, CROWDED_WAIT_SECONDS) : waitSeconds;
  }

  async run(): Promise<void> {
    const env = this.#env;
    let quick = 0;
    while (!this.#session.ended) {
      const startedMs = env.now();
      // It throws when the session ends meanwhile, or the answer makes no sense.
      const delayMs = await this.#poll().catch(() => this.#backoff.next());
      await env.sleep(delayMs);
      // No sequence of answers can make the loop spin.
      quick = env.now() - startedMs < INTERVAL_MS ? quick + 1 : 0;
      if (quick >= BURST) await env.sleep(INTERVAL_MS);
    }
  }

  /** Polls at once. `stale`: the connection of the poll in flight is most likely dead, and the network may be another one. */
  wake(stale: boolean): void {
    if (stale) {
      this.#window.reset();
      this.#backoff.reset();
      this.#session.works();
      this.#inFlight.abort();
    }
    this.#env.wake();
  }

  stop(): void {
    this.#inFlight.abort();
  }

  /** @returns milliseconds until the next poll */
  async #poll(): Promise<number> {
    const { cursor, state } = this.#session;
    const normalSeconds = this.#env.sharing.isNeeded ? NEEDED_WAIT_SECONDS : this.waitSeconds;
    // Answered at once, it tells that the network is back.
    const waitSeconds = state === 'reconnecting' ? 0 : normalSeconds;
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
    if (answer.kind !== 'ok') {
      if (answer.kind === 'problem') this.#refused(answer);
      else if (answer.cause === 'aborted') return 0;
      else this.#cut(answer, waitSeconds);
      return this.#backoff.next(answer.retryAfterMs);
    }
    const { body, ageMs } = answer;
    this.#session.become('connected');
    this.#cuts = 0;
    const isHeld = ageMs >= waitSeconds * 1_000 * HELD_SHARE;
    if (isHeld) this.#superseded = 0;
    const fresh = body.messages.filter(this.#seen.isNew);
    await this.#handle(fresh, body.more);
    // It ended before all were handled: they come again.
    if (this.#session.ended) return 0;
    // Unless it is another mailbox by now. An empty batch has the same cursor, which is in the storage already.
    if (this.#session.cursor === cursor && body.cursor !== cursor) this.#session.advance(body.cursor);
    if (body.expired > 0) this.#env.emit('gap', { cause: 'expired', expired: body.expired });
    // Empty and ahead of time: a server that drains, or worse.
    if (!isHeld && !fresh.length) return this.#backoff.next();
    this.#backoff.reset();
    return 0;
  }

  /** While the app takes its time, the server must not think that we are gone. */
  async #handle(messages: readonly ReceivedMessage[], more: boolean): Promise<void> {
    const everyMs = (this.#session.joined.limits.idleTimeoutSeconds * 1_000) / 3;
    let cancel = (): void => undefined;
    const wait = (): void => {
      cancel = this.#env.after(everyMs, () => {
        if (this.#session.ended) return;
        void this.#session.acknowledge();
        wait();
      });
    };
    wait();
    await this.#deliver(messages, more);
    cancel();
  }

  /** @param waitSeconds what it had asked for: a poll that was to be answered at once says nothing of those that are held */
  #cut(failure: Cut, waitSeconds: number): void {
    const { cause, ageMs } = failure;
    if (cause === 'rejoined') return;
    this.#cuts += 1;
    const wasHeld = waitSeconds > 0 && ageMs >= QUICK_CUT_MS;
    if (wasHeld) this.#window.cut(ageMs);
    if (cause === 'silent') this.#env.sharing.ask();
    // A proxy that cuts a held poll lets the next one through: no reason to tell the app.
    else if (wasHeld && this.#cuts <= CUTS_TO_LEARN) return;
    this.#session.cutOff(failure);
  }

  #refused(failure: Refused): void {
    const { problem, error } = failure;
    const { code } = problem;
    if (code === 'poll-superseded') {
      this.#superseded += 1;
      if (this.#superseded >= SUPERSEDED_LIMIT) this.#session.takenOver(error);
    } else if (code === 'cursor-expired' || code === 'invalid-cursor') {
      this.#session.advance(problem.resetCursor);
      this.#env.emit('gap', { cause: 'cursor-expired' });
    } else if (problem.retryable) this.#session.cutOff(failure);
    else this.#session.end('failed', error);
  }
}
