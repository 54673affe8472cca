import { setTimeout as pause } from 'node:timers/promises';
import type { MailboxId } from '../../signalling/ids.ts';
import type { Mailbox } from '../../signalling/message.ts';
import { SignallingError } from '../../signalling/errors.ts';
import type { Hint, PollOutcome } from '../../signalling/store.ts';
import type { SharedClock } from './shared-clock.ts';
import { HeldPolls, type HeldPoll } from './held-polls.ts';
import { unpackHint } from './records.ts';
import { Held } from './replies.ts';
import type { RoomScripts } from './room-scripts.ts';
import { SCRIPTS, type Script } from './scripts.ts';

/** Requests that come closer together are told of once: idle times have that much slack (`IDLE_SLACK_MS`). */
const TOUCH_EVERY_MS = 250;

interface LastRead {
  readonly acknowledged: number;
  /** The number of the newest hold, by any process. */
  readonly hold: number;
  /** Another process holds a poll. */
  readonly isElsewhere: boolean;
}

/** Tens of thousands of polls at once would hold up everybody else's messages. */
const RENEWED_AT_ONCE = 256;
const RENEWAL_PAUSE_MS = 1_000;

/** Tells Redis who is there, and the watchers what other processes say to the polls of this one. Nobody waits for it. */
export class Presence {
  readonly #rooms: RoomScripts;
  readonly #clock: SharedClock;
  readonly #onHint: (hint: Hint) => void;
  readonly #polls = new HeldPolls();
  #isRenewing = false;
  #isRenewalDue = false;
  /** Of the period that began at `#touchedFromMs`. */
  readonly #touched = new Set<MailboxId>();
  #touchedFromMs = 0;
  /** What the last read of each mailbox that is being polled said. */
  readonly #reads = new Map<MailboxId, LastRead>();

  constructor(rooms: RoomScripts, clock: SharedClock, onHint: (hint: Hint) => void) {
    this.#rooms = rooms;
    this.#clock = clock;
    this.#onHint = onHint;
  }

  touch(mailbox: Mailbox): void {
    if (this.#noteTouched(mailbox)) this.#say(SCRIPTS.touch, mailbox);
  }

  /** @returns whether that is news */
  #noteTouched({ mailboxId }: Mailbox): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#touchedFromMs >= TOUCH_EVERY_MS) {
      this.#touched.clear();
      this.#touchedFromMs = nowMs;
    }
    const isNews = !this.#touched.has(mailboxId);
    this.#touched.add(mailboxId);
    return isNews;
  }

  hold(mailbox: Mailbox, forMs: number, position: number | undefined): void {
    const seenHold = this.#reads.get(mailbox.mailboxId)?.hold;
    void this.#tellHeld(this.#polls.begin(mailbox, { untilMs: this.#clock.nowMs() + forMs, position, seenHold }));
  }

  noteRead({ mailboxId }: Mailbox, read: LastRead): void {
    this.#reads.set(mailboxId, read);
  }

  /** As of the last read: an empty batch has a cursor that is acknowledged as a rule, and need not be sent again. */
  isAcknowledged({ mailboxId }: Mailbox, position: number): boolean {
    return position <= (this.#reads.get(mailboxId)?.acknowledged ?? -1);
  }

  supersedeElsewhere(mailbox: Mailbox): void {
    const read = this.#reads.get(mailbox.mailboxId);
    if (read?.isElsewhere === true) this.#say(SCRIPTS.supersedePolls, mailbox, [read.hold]);
  }

  end(mailbox: Mailbox, outcome: PollOutcome): void {
    this.#polls.end(mailbox);
    this.#reads.delete(mailbox.mailboxId);
    // The script touches, too.
    this.#noteTouched(mailbox);
    this.#say(SCRIPTS.endPoll, mailbox, [outcome]);
  }

  /** What another process published for this one. */
  hear(text: string): void {
    const hint = unpackHint(text);
    if (hint === undefined) return;
    const { mailboxId } = hint;
    if (hint.kind === 'messages') this.#onHint(hint);
    else if (hint.kind === 'superseded') {
      if (this.#polls.supersede(mailboxId, hint.hold)) this.#onHint({ kind: 'superseded', mailboxId });
    } else {
      // A poll of the new token may be held here by now.
      const isOfNewToken = (this.#polls.takeoverOf(mailboxId) ?? -1) >= (hint.generation ?? Infinity);
      if (!isOfNewToken) this.#onHint({ kind: 'gone', mailboxId, reason: hint.reason });
    }
  }

  /** Texts may have been missed, or Redis may have forgotten what it was told: every poll is told again, and reads. */
  renew(): void {
    this.#isRenewalDue = true;
    if (!this.#isRenewing) void this.#renewAll();
  }

  /** One renewal at a time, with a pause before the next, however often it is asked for. */
  async #renewAll(): Promise<void> {
    this.#isRenewing = true;
    while (this.#takeRenewal()) {
      await this.#renewOnce();
      await pause(RENEWAL_PAUSE_MS, undefined, { ref: false });
    }
    this.#isRenewing = false;
  }

  #takeRenewal(): boolean {
    const isDue = this.#isRenewalDue;
    this.#isRenewalDue = false;
    return isDue;
  }

  async #renewOnce(): Promise<void> {
    const polls = this.#polls.all();
    for (let from = 0; from < polls.length; from += RENEWED_AT_ONCE) {
      const slice = polls.slice(from, from + RENEWED_AT_ONCE).filter((poll) => this.#polls.has(poll));
      await Promise.all(slice.map((poll) => this.#renewOne(poll)));
    }
  }

  /** One that Redis cannot be told of yet would only be answered 503 if it read now. */
  async #renewOne(poll: HeldPoll): Promise<void> {
    if (await this.#tellHeld(poll)) this.#onHint({ kind: 'messages', mailboxId: poll.mailbox.mailboxId });
  }

  /** @returns whether Redis knows */
  async #tellHeld(poll: HeldPoll): Promise<boolean> {
    // Told twice at a time it would take its own second hold for somebody else's.
    if (poll.isBeingTold) return false;
    const { mailbox, untilMs, position, seenHold } = poll;
    const { mailboxId } = mailbox;
    const forMs = Math.ceil(untilMs - this.#clock.nowMs());
    poll.isBeingTold = true;
    try {
      const own = [forMs, position ?? '', seenHold ?? '', poll.hold ?? ''];
      const { result } = await this.#rooms.runFor(mailbox, SCRIPTS.holdPoll, own);
      const [hold, hasMore, isOutdone] = Held.parse(result);
      const isOver = isOutdone ? this.#polls.has(poll) : this.#polls.confirm(poll, hold);
      if (isOver) this.#onHint({ kind: 'superseded', mailboxId });
      else if (hasMore) this.#onHint({ kind: 'messages', mailboxId });
      return true;
    } catch (error) {
      this.#notTold(poll, error);
      return false;
    } finally {
      poll.isBeingTold = false;
    }
  }

  #notTold(poll: HeldPoll, error: unknown): void {
    const refusal = error instanceof SignallingError ? error : undefined;
    const reason = refusal?.code === 'unauthenticated' ? 'replaced' : refusal?.details.reason;
    if (reason !== undefined) this.#onHint({ kind: 'gone', mailboxId: poll.mailbox.mailboxId, reason });
    if (refusal?.code !== 'storage-unavailable') return;
    // It may have been done, and its number is lost.
    poll.hold = undefined;
    this.#tellLater(poll);
  }

  /** A node of a cluster may be away for a while, and the others are none of its business. */
  #tellLater(poll: HeldPoll): void {
    const timer = setTimeout(() => {
      if (this.#polls.has(poll)) void this.#renewOne(poll);
    }, RENEWAL_PAUSE_MS);
    timer.unref();
  }

  #say(script: Script, mailbox: Mailbox, own: readonly (string | number)[] = []): void {
    // Refused only when the participant went, or Redis cannot do it now: then its next request says it again.
    this.#rooms.runFor(mailbox, script, own).catch(() => undefined);
  }
}
