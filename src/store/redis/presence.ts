import { setTimeout as pause } from 'node:timers/promises';
import { SignallingError } from '../../signalling/errors.ts';
import type { MailboxId } from '../../signalling/ids.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { Hint, PollOutcome } from '../../signalling/store.ts';
import type { HoldRequest } from '../open-polls.ts';
import { Hold } from './hold.ts';
import { unpackHint, type PublishedHint } from './records.ts';
import { Held } from './replies.ts';
import type { Argument, RoomScripts } from './room-scripts.ts';
import { SCRIPTS, type Script } from './scripts.ts';
import type { SharedClock } from './shared-clock.ts';

/** Touches of a mailbox within this time are recorded once. Idle timeouts allow for the delay (`IDLE_SLACK_MS`). */
const TOUCH_EVERY_MS = 250;
/** Recording tens of thousands of polls at once would delay all messages. */
const RENEWED_AT_ONCE = 256;
const RENEWAL_PAUSE_MS = 1_000;

interface LastRead {
  readonly acknowledged: number;
  /** Number of the newest hold by any process. */
  readonly hold: number;
  /** Whether another process holds a poll. */
  readonly isElsewhere: boolean;
}

/**
 * Records in Redis which participants poll on this process, and forwards the hints of other processes. Callers never
 * wait for it.
 */
export class Presence {
  readonly #rooms: RoomScripts;
  readonly #clock: SharedClock;
  readonly #onHint: (hint: Hint) => void;
  readonly #polls = new Map<MailboxId, Hold>();
  /** What the last read of each polled mailbox returned. */
  readonly #reads = new Map<MailboxId, LastRead>();
  /** Mailboxes touched since `#touchedSinceMs`. */
  readonly #touched = new Set<MailboxId>();
  #touchedSinceMs = 0;
  #renewal: 'none' | 'running' | 'due again' = 'none';

  constructor(rooms: RoomScripts, clock: SharedClock, onHint: (hint: Hint) => void) {
    this.#rooms = rooms;
    this.#clock = clock;
    this.#onHint = onHint;
  }

  touch(mailbox: Mailbox): void {
    if (this.#isFirstTouch(mailbox)) this.#send(SCRIPTS.touch, mailbox);
  }

  noteRead({ mailboxId }: Mailbox, read: LastRead): void {
    this.#reads.set(mailboxId, read);
  }

  /** By the last read. The cursor of an empty batch is usually acknowledged already and need not be sent again. */
  isAcknowledged({ mailboxId }: Mailbox, position: number): boolean {
    return position <= (this.#reads.get(mailboxId)?.acknowledged ?? -1);
  }

  hold(mailbox: Mailbox, { forMs, position, isRenewal }: HoldRequest): void {
    const { mailboxId } = mailbox;
    const seenHold = this.#reads.get(mailboxId)?.hold;
    const begun = { untilMs: this.#clock.nowMs() + forMs, position, seenHold };
    const held = isRenewal ? this.#polls.get(mailboxId) : undefined;
    const poll = held ?? new Hold(mailbox, begun);
    // Keeps its number: a renewal must not supersede a newer poll of another process.
    poll.begun = begun;
    this.#polls.set(mailboxId, poll);
    void this.#record(poll);
  }

  supersedeElsewhere(mailbox: Mailbox): void {
    const read = this.#reads.get(mailbox.mailboxId);
    if (read?.isElsewhere === true) this.#send(SCRIPTS.supersedePolls, mailbox, [read.hold]);
  }

  end(mailbox: Mailbox, outcome: PollOutcome): void {
    this.#polls.delete(mailbox.mailboxId);
    this.#reads.delete(mailbox.mailboxId);
    // `end-poll.lua` also records the touch.
    this.#isFirstTouch(mailbox);
    this.#send(SCRIPTS.endPoll, mailbox, [outcome]);
  }

  /** Handles a text that a script published to this process. */
  onPublished(text: string): void {
    const hint = unpackHint(text);
    if (hint !== undefined && this.#concernsHeldPoll(hint)) this.#onHint(hint);
  }

  /**
   * Records every poll again and lets it read: this process may have missed hints, or Redis may have lost its records.
   * One renewal runs at a time, with a pause before the next.
   */
  renew(): void {
    if (this.#renewal === 'none') void this.#renewRepeatedly();
    else this.#renewal = 'due again';
  }

  #isFirstTouch({ mailboxId }: Mailbox): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#touchedSinceMs >= TOUCH_EVERY_MS) {
      this.#touched.clear();
      this.#touchedSinceMs = nowMs;
    }
    const isFirst = !this.#touched.has(mailboxId);
    this.#touched.add(mailboxId);
    return isFirst;
  }

  #concernsHeldPoll(hint: PublishedHint): boolean {
    const poll = this.#polls.get(hint.mailboxId);
    if (hint.kind === 'superseded') return poll?.supersede(hint.hold) ?? false;
    // This process may already hold a poll of the token that replaced the old one.
    if (hint.kind === 'gone' && hint.generation !== undefined) {
      return (poll?.mailbox.fencingToken ?? -1) < hint.generation;
    }
    return true;
  }

  async #renewRepeatedly(): Promise<void> {
    do {
      this.#renewal = 'running';
      await this.#renewAll();
      await pause(RENEWAL_PAUSE_MS, undefined, { ref: false });
    } while (this.#isRenewalDueAgain());
    this.#renewal = 'none';
  }

  #isRenewalDueAgain(): boolean {
    return this.#renewal === 'due again';
  }

  async #renewAll(): Promise<void> {
    const polls = [...this.#polls.values()];
    for (let from = 0; from < polls.length; from += RENEWED_AT_ONCE) {
      const slice = polls.slice(from, from + RENEWED_AT_ONCE).filter((poll) => this.#isCurrent(poll));
      await Promise.all(slice.map((poll) => this.#renewOne(poll)));
    }
  }

  /** Lets the poll read only if Redis has recorded it; otherwise the read would fail with a 503. */
  async #renewOne(poll: Hold): Promise<void> {
    const isRecorded = await this.#record(poll);
    if (isRecorded) this.#onHint({ kind: 'messages', mailboxId: poll.mailbox.mailboxId });
  }

  #isCurrent(poll: Hold): boolean {
    return this.#polls.get(poll.mailbox.mailboxId) === poll;
  }

  /** @returns whether Redis has recorded the poll */
  #record(poll: Hold): Promise<boolean> {
    poll.recording ??= this.#sendHold(poll).finally(() => (poll.recording = undefined));
    return poll.recording;
  }

  async #sendHold(poll: Hold): Promise<boolean> {
    const { mailbox, begun } = poll;
    const { mailboxId } = mailbox;
    const holdMs = Math.ceil(begun.untilMs - this.#clock.nowMs());
    const args = [holdMs, begun.position ?? '', begun.seenHold ?? '', poll.number ?? ''];
    try {
      const { result } = await this.#rooms.runFor(mailbox, SCRIPTS.holdPoll, args);
      const [number, hasMore, isOutdated] = Held.parse(result);
      const isSuperseded = isOutdated || poll.recordedAs(number);
      if (isSuperseded && this.#isCurrent(poll)) this.#onHint({ kind: 'superseded', mailboxId });
      else if (hasMore) this.#onHint({ kind: 'messages', mailboxId });
      return true;
    } catch (error) {
      this.#onHoldFailure(poll, error);
      return false;
    }
  }

  #onHoldFailure(poll: Hold, error: unknown): void {
    const refusal = error instanceof SignallingError ? error : undefined;
    const reason = refusal?.code === 'unauthenticated' ? 'replaced' : refusal?.details.reason;
    if (reason !== undefined) this.#onHint({ kind: 'gone', mailboxId: poll.mailbox.mailboxId, reason });
    if (refusal?.code !== 'storage-unavailable') return;
    poll.forgetNumber();
    // Retries only this poll: the other nodes of a cluster may be available.
    const timer = setTimeout(() => {
      if (this.#isCurrent(poll)) void this.#renewOne(poll);
    }, RENEWAL_PAUSE_MS);
    timer.unref();
  }

  /**
   * Ignores failures: a refusal means that the participant is gone; after an outage, its next request records its
   * presence.
   */
  #send(script: Script, mailbox: Mailbox, args: readonly Argument[] = []): void {
    this.#rooms.runFor(mailbox, script, args).catch(() => undefined);
  }
}
