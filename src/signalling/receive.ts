import type { Clock } from './clock.ts';
import { encodeCursor, type Cursor } from './cursor.ts';
import { Deferred, isPromise } from './deferred.ts';
import { participantGone, pollSuperseded, tooManyPolls } from './errors.ts';
import { MAX_BATCH_BYTES } from './limits.ts';
import type { Mailbox, ReceivedMessage } from './message.ts';
import type { NetworkWindows } from './network-windows.ts';
import type { PollPacer } from './rate-limit.ts';
import type { Page, PollOutcome, PollPresence, SignallingStore } from './store.ts';
import type { PollEnd, Telemetry } from './telemetry.ts';
import { NO_TICK, TICK_MS, type Timed, type TimingWheel } from './timing-wheel.ts';
import type { WaitEnd, Waiter, Waiters } from './waiters.ts';

export interface Poll {
  readonly after: Cursor | undefined;
  /** 0: the poll is not held. */
  readonly windowMs: number;
  readonly limit: number;
  /** Registers a listener that is called when the client hangs up. */
  readonly onHangUp: (listener: () => void) => void;
  /** Returns the client's address; `undefined` once its connection is closed. */
  readonly clientAddress?: () => string | undefined;
}

export interface Batch {
  readonly messages: readonly ReceivedMessage[];
  readonly cursor: string;
  readonly more: boolean;
  readonly expired: number;
  /** The window that ended the hold, in whole seconds, if it was shortened for the client's network. */
  readonly waitSeconds?: number | undefined;
}

export interface ReceiveContext {
  readonly store: SignallingStore;
  readonly waiters: Waiters;
  /** Ends the windows of held polls. */
  readonly windows: TimingWheel;
  /** Absent: every poll is held as long as it asks. */
  readonly networkWindows: NetworkWindows | undefined;
  readonly clock: Clock;
  readonly pacer: PollPacer | undefined;
  readonly maxHeldPolls: () => number;
  readonly telemetry: Telemetry;
}

/** Shortens each hold by up to 10 %, so that polls that began together do not end together. */
const WINDOW_JITTER = 0.1;

/** The wheel may end a window one tick late, but no hold may be longer than its window. */
const holdMs = (windowMs: number): number =>
  Math.min(windowMs * (1 - Math.random() * WINDOW_JITTER), windowMs - TICK_MS);

const WINDOW: WaitEnd = { kind: 'window' };
const REPEATED: WaitEnd = { kind: 'superseded', isRepeated: true };
const HUNG_UP: WaitEnd = { kind: 'hung-up' };
const NOTHING = { messages: [], expired: 0 } as const;

/**
 * Returns pending messages at once, or waits up to the window for new ones. The order is listen, read, hold, read
 * again: a read or the waiter sees every message, whenever it is committed. A lost hint costs one window at most.
 * @returns `undefined` if the client has hung up
 * @throws SignallingError `cursor-expired`, `participant-gone`, `poll-superseded`, `too-many-polls`
 */
export const receive = (context: ReceiveContext, mailbox: Mailbox, poll: Poll): PromiseLike<Batch | undefined> =>
  new HeldPoll(context, mailbox, poll).start();

/**
 * One poll, from its first read to its answer. While it is held, only this object waits.
 *
 * | stage     | waits for                    | goes on with                          |
 * | --------- | ---------------------------- | ------------------------------------- |
 * | `opening` | its first read               | `paced` if it is too early, or `held` |
 * | `paced`   | its delay, then another read | an answer, or `held`                  |
 * | `held`    | a hint, or an end            | another read, then an answer          |
 */
class HeldPoll extends Deferred<Batch | undefined> implements Waiter, Timed {
  readonly mailbox: Mailbox;
  readonly transport = 'poll';
  readonly #context: ReceiveContext;
  readonly #poll: Poll;
  readonly #presence: PollPresence;
  readonly #startedMs: number;
  /** Shorter than the window that the poll asks for if its network cuts longer holds. */
  #windowMs = 0;
  #stage: 'opening' | 'paced' | 'held' | 'answered' = 'opening';
  #isReading = false;
  /** A hint has arrived since the last read began. */
  #isWoken = false;
  #ended: WaitEnd | undefined;
  /** The window has passed, or the service drains: whatever is read now is the answer. */
  #isLastRead = false;
  #isListeningForHangUp = false;
  #cancelPace: (() => void) | undefined;
  heldFromMs: number | undefined;
  older: Waiter | undefined;
  dueTick = NO_TICK;
  before: Timed | undefined;
  after: Timed | undefined;

  constructor(context: ReceiveContext, mailbox: Mailbox, poll: Poll) {
    super();
    this.#context = context;
    this.mailbox = mailbox;
    this.#poll = poll;
    this.#startedMs = context.clock.steadyMs();
    context.waiters.listen(this);
    this.#presence = context.store.openPoll(mailbox);
  }

  start(): this {
    this.#read();
    return this;
  }

  wake(): void {
    this.#isWoken = true;
    if (this.#stage === 'held' && !this.#isReading) this.#read();
  }

  end(end: WaitEnd, newer?: Waiter): void {
    if (this.#ended !== undefined) return;
    this.#ended = newer instanceof HeldPoll && newer.#asksAs(this) ? REPEATED : end;
    const isWaiting = (this.#stage === 'held' || this.#stage === 'paced') && !this.#isReading;
    if (isWaiting) this.#finish(end);
  }

  #asksAs(other: HeldPoll): boolean {
    return this.#poll.after?.position === other.#poll.after?.position;
  }

  /** A shortened hold goes on if the reason is gone: the cut before it was the client's own. */
  onDue(): void {
    const windowMs = this.#isShortened ? this.#allowedMs() : this.#windowMs;
    if (windowMs > this.#windowMs) this.#holdFor(windowMs);
    else this.end(WINDOW);
  }

  #read(): void {
    const { store } = this.#context;
    this.#isReading = true;
    this.#isWoken = false;
    try {
      const { after, limit } = this.#poll;
      const page = store.read(this.mailbox, { after, limit, maxBytes: MAX_BATCH_BYTES });
      if (isPromise(page)) this.#readLater(page);
      else this.#takePage(page);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #readLater(page: PromiseLike<Page>): void {
    this.#listenForHangUp();
    page.then((read) => this.#takePage(read)).then(undefined, (error: unknown) => this.#refuse(error));
  }

  /** The first read checks the cursor: a poll with an invalid cursor must not supersede another. */
  #takePage(page: Page): void {
    this.#isReading = false;
    if (this.#stage === 'opening') this.#pace(page);
    else if (this.#stage === 'paced') this.#accept(page);
    else this.#answerOrWait(page);
  }

  /** Delays before superseding; otherwise two clients with one token would evict each other without a pause. */
  #pace(page: Page): void {
    const delayMs = this.#context.pacer?.delayMs(this.mailbox.mailboxId) ?? 0;
    if (delayMs === 0) {
      this.#accept(page);
      return;
    }
    this.#listenForHangUp();
    this.#stage = 'paced';
    if (this.#ended !== undefined) this.#finish(this.#ended);
    else this.#cancelPace = this.#context.clock.after(delayMs, () => this.#read());
  }

  #accept(page: Page): void {
    const { waiters, store, telemetry } = this.#context;
    const { after, windowMs } = this.#poll;
    waiters.supersede(this);
    if (after !== undefined) {
      store.acknowledgeWriteBehind(this.mailbox, after);
      telemetry.acknowledged(this.mailbox, after.position);
    }
    if (isEmpty(page) && windowMs > 0) {
      this.#hold(page);
      return;
    }
    this.#presence.supersedeOthers();
    this.#answer(page);
  }

  #hold(page: Page): void {
    const { waiters, maxHeldPolls, clock, telemetry } = this.#context;
    if (waiters.size > maxHeldPolls()) throw tooManyPolls();
    this.#listenForHangUp();
    this.#stage = 'held';
    this.heldFromMs = clock.steadyMs();
    this.#presence.hold(this.#poll.windowMs, page.position);
    telemetry.pollHeld(this.mailbox);
    this.#holdFor(this.#allowedMs());
    this.#answerOrWait(page);
  }

  #holdFor(windowMs: number): void {
    const { windows, clock } = this.#context;
    this.#windowMs = windowMs;
    windows.add(this, this.#startedMs + holdMs(windowMs) - clock.steadyMs());
  }

  #allowedMs(): number {
    const { windowMs, clientAddress } = this.#poll;
    const boundMs = this.#context.networkWindows?.boundMs(this.mailbox.mailboxId, clientAddress) ?? Infinity;
    return Math.min(windowMs, boundMs);
  }

  get #isShortened(): boolean {
    return this.#windowMs < this.#poll.windowMs;
  }

  #answerOrWait(page: Page): void {
    if (!isEmpty(page) || this.#isLastRead) this.#answer(page);
    else if (this.#ended !== undefined) this.#finish(this.#ended);
    else if (this.#isWoken) this.#read();
  }

  #finish(end: WaitEnd): void {
    this.#cancelPace?.();
    if (end.kind === 'superseded') this.#refuse(pollSuperseded());
    else if (end.kind === 'gone') this.#refuse(participantGone(end.reason));
    else if (end.kind === 'hung-up') this.#answer(undefined);
    else {
      this.#isLastRead = this.#stage === 'held';
      this.#read();
    }
  }

  /** @param page `undefined` if the client has hung up */
  #answer(page: Page | undefined): void {
    this.#leave(page);
    const isShortened = this.#ended?.kind === 'window' && this.#isShortened;
    const waitSeconds = isShortened ? Math.floor(this.#windowMs / 1_000) : undefined;
    this.resolve(page && batchOf(this.mailbox, page, waitSeconds));
  }

  #refuse(error: unknown): void {
    this.#leave(undefined);
    this.reject(error);
  }

  #leave(page: Page | undefined): void {
    const { waiters, windows, clock, telemetry } = this.#context;
    this.#stage = 'answered';
    windows.remove(this);
    waiters.leave(this);
    this.#presence.end(this.#outcomeOf(page));
    const heldMs = this.heldFromMs === undefined ? undefined : clock.steadyMs() - this.heldFromMs;
    const { messages, expired } = page ?? NOTHING;
    telemetry.pollEnded(this.mailbox, { end: this.#endOf(page), heldMs, messages, expired });
    if (heldMs !== undefined) this.#recordHold(page, heldMs);
  }

  #recordHold(page: Page | undefined, heldMs: number): void {
    const { networkWindows } = this.#context;
    const { mailboxId } = this.mailbox;
    const isCut = this.#ended?.kind === 'hung-up' || this.#ended === REPEATED;
    if (isCut && page === undefined) networkWindows?.recordCut(mailboxId, heldMs, this.#poll.clientAddress);
    else networkWindows?.recordEnd(mailboxId, heldMs);
  }

  #outcomeOf(page: Page | undefined): PollOutcome {
    if (this.#ended?.kind === 'hung-up') return this.heldFromMs === undefined ? 'other' : 'cut';
    return page === undefined ? 'other' : 'answered';
  }

  #endOf(page: Page | undefined): PollEnd {
    if (page !== undefined && !isEmpty(page)) return 'message';
    if (this.#ended?.kind === 'window' && this.#isShortened) return 'shortened';
    return this.#ended?.kind ?? (page === undefined ? 'refused' : 'window');
  }

  /** Registered as soon as the poll waits for anything: before that, the connection cannot close. */
  #listenForHangUp(): void {
    if (this.#isListeningForHangUp) return;
    this.#isListeningForHangUp = true;
    this.#poll.onHangUp(() => this.end(HUNG_UP));
  }
}

export const isEmpty = (page: Page): boolean => page.messages.length === 0 && page.expired === 0;

export const batchOf = (mailbox: Mailbox, page: Page, waitSeconds?: number): Batch => ({
  messages: page.messages,
  cursor: encodeCursor({ mailboxId: mailbox.mailboxId, position: page.position }),
  more: page.more,
  expired: page.expired,
  waitSeconds,
});
