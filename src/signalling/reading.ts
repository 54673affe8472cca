import type { Cursor } from './cursor.ts';
import { isPromise } from './deferred.ts';
import { participantGone, pollSuperseded } from './errors.ts';
import { MAX_BATCH_BYTES } from './limits.ts';
import type { Mailbox } from './message.ts';
import { batchOf, isEmpty, type Batch, type ReceiveContext } from './receive.ts';
import type { Page, PollOutcome, PollPresence } from './store.ts';
import type { ReadingEnd } from './telemetry.ts';
import { NO_TICK, type Timed } from './timing-wheel.ts';
import type { WaitEnd, Waiter } from './waiters.ts';

/** A batch is sent after this time without one, empty if nothing is pending. Proxies cut connections that are silent. */
export const HEARTBEAT_MS = 20_000;
/** Each batch is acknowledged at once. A socket that does not is frozen, or its network has lost it (a zombie). */
const ACKNOWLEDGED_WITHIN_MS = 10_000;
/** Bounds what one socket can make the server send ahead of the last acknowledgement. */
const MAX_BATCHES_AHEAD = 4;
const MAX_BYTES_AHEAD = MAX_BATCH_BYTES;
/** The next batch needs so much room: a batch has at least one message, whatever its size. */
const ROOM_FOR_ONE_BYTES = MAX_BYTES_AHEAD / 4;
/** A reading counts as a hold of this length, which an acknowledgement renews once it is older than `RENEWED_AFTER_MS`. */
const HOLD_MS = 50_000;
const RENEWED_AFTER_MS = 15_000;

/** What a socket does for its reading. */
export interface BatchSink {
  /** Sends a batch. @returns its bytes */
  send(batch: Batch): number;
  /**
   * The reading has ended.
   * @param error the refusal to report: SignallingError, or an unexpected error. `undefined`: the server drains, or
   * the socket is silent or closed
   */
  ended(end: ReadingEnd, error: unknown): void;
}

export interface ReadingOptions {
  /** As in a poll: acknowledged, and read from. */
  readonly after: Cursor | undefined;
  /** Messages in one batch. */
  readonly limit: number;
}

/** A client reads on after a drain, elsewhere: until then it counts as listening, as after an answered poll. */
const OUTCOMES: Record<ReadingEnd, PollOutcome> = {
  'hung-up': 'cut',
  silent: 'cut',
  draining: 'answered',
  superseded: 'other',
  gone: 'other',
  refused: 'other',
};

interface Unacknowledged {
  readonly position: number;
  readonly bytes: number;
}

/**
 * The reading of one mailbox by a socket: what polls do one after the other, in one object. The order is the same:
 * listen, read, then read again at each hint. Nothing is buffered; what arrives while the socket lags is in the store,
 * and part of a later batch.
 *
 * | stage     | waits for                       | goes on with                                     |
 * | --------- | ------------------------------- | ------------------------------------------------ |
 * | `opening` | its first read                  | `paced` if it is too early, or the first batch   |
 * | `paced`   | its delay, then another read    | the first batch                                  |
 * | `open`    | a hint, an acknowledgement, 20 s | another read, and a batch if it found something |
 */
export class Reading implements Waiter, Timed {
  readonly mailbox: Mailbox;
  readonly transport = 'socket';
  readonly #context: ReceiveContext;
  readonly #options: ReadingOptions;
  readonly #sink: BatchSink;
  readonly #presence: PollPresence;
  #stage: 'opening' | 'paced' | 'open' | 'ended' = 'opening';
  #isReading = false;
  /** A hint has arrived since the last read began. */
  #isWoken = false;
  /** The next batch is sent even if it is empty. */
  #isBatchDue = true;
  /** The server drains: one more read, then the end. */
  #isLastRead = false;
  /** The mailbox is being acknowledged beyond what was sent. A read from the old place would find its cursor expired. */
  #isSkipping = false;
  /** A read waits for the end of the skip. */
  #isReadOwed = false;
  #cancelPace: (() => void) | undefined;
  /** Where the next read starts. */
  #from: Cursor | undefined;
  #position = 0;
  /** Batches with messages that are not acknowledged, oldest first. */
  #ahead: Unacknowledged[] = [];
  /** When each batch was sent to which no acknowledgement came yet (steady ms), oldest first. */
  #unanswered: number[] = [];
  #batches = 0;
  #sentAtMs = 0;
  /** The mailbox is acknowledged at least up to here. */
  #acknowledged: number;
  #heldAtMs = 0;
  heldFromMs: number | undefined;
  older: Waiter | undefined;
  dueTick = NO_TICK;
  before: Timed | undefined;
  after: Timed | undefined;

  constructor(context: ReceiveContext, mailbox: Mailbox, options: ReadingOptions, sink: BatchSink) {
    this.#context = context;
    this.mailbox = mailbox;
    this.#options = options;
    this.#sink = sink;
    this.#from = options.after;
    this.#acknowledged = options.after?.position ?? -1;
    context.waiters.listen(this);
    this.#presence = context.store.openPoll(mailbox);
  }

  /** The sink may be called before this returns. */
  start(): void {
    this.#read();
  }

  /** Whether this reading has sent everything up to the cursor. */
  hasSent({ mailboxId, position }: Cursor): boolean {
    return this.#stage === 'open' && mailboxId === this.mailbox.mailboxId && position <= this.#position;
  }

  /** An acknowledgement of what was sent. It takes effect like the `after` of a poll. */
  acknowledge(cursor: Cursor): void {
    const { store, telemetry, clock } = this.#context;
    this.#unanswered.shift();
    if (cursor.position > this.#acknowledged) {
      this.#acknowledged = cursor.position;
      this.#ahead = this.#ahead.filter(({ position }) => position > cursor.position);
      store.acknowledgeWriteBehind(this.mailbox, cursor);
      telemetry.acknowledged(this.mailbox, cursor.position);
    }
    if (clock.steadyMs() - this.#heldAtMs >= RENEWED_AFTER_MS) this.#hold();
    this.#resume();
  }

  /**
   * Once the mailbox is acknowledged beyond what this reading has sent, as after a late poll, reading goes on from there.
   * @param acknowledged rejects if the cursor is refused; then the reading must be ended
   */
  skipTo(cursor: Cursor, acknowledged: PromiseLike<void>): PromiseLike<void> {
    this.#isSkipping = true;
    return acknowledged.then(() => this.#onSkipped(cursor));
  }

  #onSkipped(cursor: Cursor): void {
    const { position } = cursor;
    this.#isSkipping = false;
    this.#unanswered.shift();
    if (position > (this.#from?.position ?? -1)) this.#from = cursor;
    this.#position = Math.max(this.#position, position);
    this.#acknowledged = Math.max(this.#acknowledged, position);
    this.#ahead = this.#ahead.filter((batch) => batch.position > position);
    if (this.#stage === 'ended') return;
    if (this.#isReadOwed && !this.#isReading) this.#read();
    else this.#resume();
  }

  #resume(): void {
    this.#schedule();
    if (this.#isWoken) this.wake();
  }

  wake(): void {
    this.#isWoken = true;
    if (this.#stage === 'open' && !this.#isReading && this.#mayRead()) this.#read();
  }

  end(end: WaitEnd): void {
    if (this.#stage === 'ended' || end.kind === 'window') return;
    if (end.kind === 'superseded') this.#finish('superseded', pollSuperseded());
    else if (end.kind === 'gone') this.#finish('gone', participantGone(end.reason));
    else if (end.kind === 'hung-up') this.#finish('hung-up', undefined);
    else this.#drain();
  }

  onDue(): void {
    const nowMs = this.#context.clock.steadyMs();
    if (nowMs >= this.#answerDueMs) this.#finish('silent', undefined);
    else if (nowMs >= this.#sentAtMs + HEARTBEAT_MS) this.#beat();
    else this.#schedule();
  }

  /** What is pending goes out first; a message that comes later waits in the mailbox. */
  #drain(): void {
    if (this.#isLastRead) return;
    this.#isLastRead = true;
    if (this.#isReading || this.#stage === 'opening') return;
    this.#cancelPace?.();
    if (this.#stage === 'paced' || this.#isSkipping || this.#mayRead()) this.#read();
    else this.#finish('draining', undefined);
  }

  /** Reads as well: a hint may have been lost. */
  #beat(): void {
    this.#isBatchDue = true;
    if (this.#mayRead()) this.wake();
    else this.#send({ messages: [], position: this.#position, more: true, expired: 0 });
  }

  #read(): void {
    const { store } = this.#context;
    this.#isReadOwed = this.#isSkipping;
    if (this.#isSkipping) return;
    this.#isReading = true;
    this.#isWoken = false;
    const { limit } = this.#options;
    const from = this.#from;
    try {
      const page = store.read(this.mailbox, { after: from, limit, maxBytes: MAX_BYTES_AHEAD - this.#bytesAhead });
      if (isPromise(page)) this.#readLater(page, from);
      else this.#takePage(page);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #readLater(page: PromiseLike<Page>, from: Cursor | undefined): void {
    const isStale = (): boolean => this.#isSkipping || this.#from !== from;
    page
      .then(
        (read) => (isStale() ? this.#readAgain() : this.#takePage(read)),
        (error: unknown) => (isStale() ? this.#readAgain() : this.#refuse(error)),
      )
      .then(undefined, this.#refuse);
  }

  #readAgain(): void {
    this.#isReading = false;
    if (this.#stage !== 'ended') this.#read();
  }

  #takePage(page: Page): void {
    this.#isReading = false;
    if (this.#stage === 'ended') return;
    if (this.#stage === 'opening') this.#pace(page);
    else if (this.#stage === 'paced') this.#open(page);
    else this.#sendOrWait(page);
  }

  /** As for polls: two clients with one token would otherwise displace each other without a pause. */
  #pace(page: Page): void {
    const delayMs = this.#context.pacer?.delayMs(this.mailbox.mailboxId) ?? 0;
    if (delayMs === 0 || this.#isLastRead) {
      this.#open(page);
      return;
    }
    this.#stage = 'paced';
    this.#cancelPace = this.#context.clock.after(delayMs, () => this.#read());
  }

  #open(page: Page): void {
    const { waiters, store, telemetry, clock } = this.#context;
    const { after } = this.#options;
    this.#stage = 'open';
    this.heldFromMs = clock.steadyMs();
    this.#moveTo(page.position);
    waiters.supersede(this);
    if (after !== undefined) {
      store.acknowledgeWriteBehind(this.mailbox, after);
      telemetry.acknowledged(this.mailbox, after.position);
    }
    this.#hold();
    this.#sendOrWait(page);
  }

  #hold(): void {
    this.#heldAtMs = this.#context.clock.steadyMs();
    this.#presence.hold(HOLD_MS, this.#position);
  }

  #sendOrWait(page: Page): void {
    if (!isEmpty(page) || this.#isBatchDue) this.#send(page);
    if (this.#isLastRead) this.#finish('draining', undefined);
    else if (this.#isWoken) this.wake();
  }

  #send(page: Page): void {
    const nowMs = this.#context.clock.steadyMs();
    const wasHeld = this.#batches > 0;
    this.#batches += 1;
    this.#isBatchDue = false;
    this.#sentAtMs = nowMs;
    this.#moveTo(page.position);
    this.#unanswered.push(nowMs);
    const bytes = this.#sink.send(batchOf(this.mailbox, page));
    if (!isEmpty(page)) {
      this.#ahead.push({ position: page.position, bytes });
      const { messages, expired } = page;
      this.#context.telemetry.batchSent(this.mailbox, { messages, expired, wasHeld });
    }
    if (page.more) this.#isWoken = true;
    this.#schedule();
  }

  #moveTo(position: number): void {
    if (this.#from?.position !== position) this.#from = { mailboxId: this.mailbox.mailboxId, position };
    this.#position = position;
  }

  #mayRead(): boolean {
    const hasRoom = this.#ahead.length < MAX_BATCHES_AHEAD && this.#bytesAhead + ROOM_FOR_ONE_BYTES <= MAX_BYTES_AHEAD;
    return hasRoom && !this.#isSkipping;
  }

  get #bytesAhead(): number {
    return this.#ahead.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get #answerDueMs(): number {
    return (this.#unanswered[0] ?? Infinity) + ACKNOWLEDGED_WITHIN_MS;
  }

  #schedule(): void {
    if (this.#stage !== 'open') return;
    const { windows, clock } = this.#context;
    windows.add(this, Math.min(this.#answerDueMs, this.#sentAtMs + HEARTBEAT_MS) - clock.steadyMs());
  }

  readonly #refuse = (error: unknown): void => this.#finish('refused', error);

  #finish(end: ReadingEnd, error: unknown): void {
    if (this.#stage === 'ended') return;
    const { waiters, windows, clock, telemetry } = this.#context;
    this.#stage = 'ended';
    this.#cancelPace?.();
    windows.remove(this);
    waiters.leave(this);
    this.#presence.end(OUTCOMES[end]);
    const { heldFromMs } = this;
    if (heldFromMs !== undefined) telemetry.readingEnded(this.mailbox, { end, readMs: clock.steadyMs() - heldFromMs });
    this.#sink.ended(end, error);
  }
}
