import type { Clock } from './clock.ts';
import { ExpiringMap } from './expiring-map.ts';
import type { MailboxId } from './ids.ts';

/** Bounds the memory: above it, the participant whose last cut is the oldest is forgotten. */
const MAX_PARTICIPANTS = 100_000;
/** Younger cuts are those of clients that poll in a hurry, or of tabs that supersede each other. */
const MIN_AGE_MS = 2_000;
/** Two cuts whose ages differ by at most this share of the younger one were made by the same timeout. */
const SAME_AGE_SHARE = 0.2;
/** A client that lets go of its poll to send something does both within this time. */
const OWN_CUT_MS = 1_000;
/** Margin below the age of a cut: the response has to travel, too. */
const MARGIN_MS = 1_000;
const MARGIN_SHARE = 0.85;
const MIN_BOUND_MS = 2_000;
/** Time after which a longer hold is tried: networks change without an event. */
const KEPT_MS = 30 * 60_000;

/** `undefined` when it cannot be known any more, because the connection has closed. */
type AddressOf = (() => string | undefined) | undefined;

interface Learned {
  /** The younger of the two cuts: it lies closer to the timeout, and a shorter hold is the safe one. */
  readonly ageMs: number;
  readonly atMs: number;
}

interface Memory {
  clientAddress: string | undefined;
  /** Age at which the last hold was cut off; 0 if it ended in another way. */
  lastCutMs: number;
  /** Remains after its 30 minutes: if the longer hold is cut off at this age, one cut is enough to know again. */
  learned: Learned | undefined;
  /** Time of the newest cut, and what was known before: a request of the participant may still undo it. */
  readonly cutAtMs: number;
  readonly learnedBefore: Learned | undefined;
}

/**
 * Learns from cut holds how long the network of each participant lets a poll be held. Per process, and only about
 * participants with a cut. It shortens holds and changes nothing else.
 *
 * A cut is judged without timers: it counts at once, and a request within the next second undoes it.
 */
export class NetworkWindows {
  readonly #clock: Pick<Clock, 'steadyMs'>;
  readonly #memories = new Map<MailboxId, Memory>();
  /** When each participant last sent a request other than a poll. Holds about one second of requests. */
  readonly #requests = new ExpiringMap<MailboxId, number>((atMs) => atMs + OWN_CUT_MS);

  constructor(clock: Pick<Clock, 'steadyMs'>) {
    this.#clock = clock;
  }

  /** Number of participants with a cut. */
  get size(): number {
    return this.#memories.size;
  }

  /** Number of participants whose holds are shorter now. Looks at all. */
  countBounds(): number {
    const nowMs = this.#clock.steadyMs();
    let count = 0;
    for (const { learned } of this.#memories.values()) if (learned !== undefined && isFresh(learned, nowMs)) count += 1;
    return count;
  }

  /**
   * Returns the longest hold for a poll of the participant from now on, at least 2 s; `Infinity` if it may be held as
   * long as it asks. Forgets what was learned at another client address.
   */
  boundMs(mailboxId: MailboxId, addressOf?: AddressOf): number {
    const memory = this.#memories.get(mailboxId);
    if (memory === undefined) return Infinity;
    const clientAddress = addressOf?.();
    if (clientAddress !== undefined && clientAddress !== (memory.clientAddress ??= clientAddress)) {
      this.#memories.delete(mailboxId);
      return Infinity;
    }
    const { learned } = memory;
    return learned !== undefined && isFresh(learned, this.#clock.steadyMs()) ? boundOf(learned.ageMs) : Infinity;
  }

  /**
   * Records that a hold ended without an answer, by the client's side: its connection closed, or the client sent the
   * same poll again.
   */
  recordCut(mailboxId: MailboxId, ageMs: number, addressOf?: AddressOf): void {
    const nowMs = this.#clock.steadyMs();
    const requestedMs = this.#requests.get(mailboxId) ?? -Infinity;
    if (ageMs <= MIN_AGE_MS || nowMs - requestedMs <= OWN_CUT_MS) {
      this.recordEnd(mailboxId, ageMs);
      return;
    }
    const before = this.#memories.get(mailboxId);
    this.#remember(mailboxId, {
      clientAddress: before?.clientAddress ?? addressOf?.(),
      lastCutMs: ageMs,
      learned: before && learn(before, ageMs, nowMs),
      cutAtMs: nowMs,
      learnedBefore: before?.learned,
    });
  }

  /** Records that a hold ended in any other way. */
  recordEnd(mailboxId: MailboxId, ageMs: number): void {
    const memory = this.#memories.get(mailboxId);
    if (memory === undefined) return;
    memory.lastCutMs = 0;
    if (stillTrue(memory.learned, ageMs) === undefined) this.#memories.delete(mailboxId);
  }

  /** Records a request of the participant other than a poll: a cut within a second before or after it does not count. */
  recordRequest(mailboxId: MailboxId): void {
    const nowMs = this.#clock.steadyMs();
    this.#requests.set(mailboxId, nowMs, nowMs);
    const memory = this.#memories.get(mailboxId);
    if (memory === undefined || nowMs - memory.cutAtMs > OWN_CUT_MS) return;
    memory.lastCutMs = 0;
    memory.learned = memory.learnedBefore;
    if (memory.learned === undefined) this.#memories.delete(mailboxId);
  }

  /** The participant has joined again, or is gone. */
  forget(mailboxId: MailboxId): void {
    this.#memories.delete(mailboxId);
  }

  #remember(mailboxId: MailboxId, memory: Memory): void {
    this.#memories.delete(mailboxId);
    this.#memories.set(mailboxId, memory);
    const [oldest] = this.#memories.keys();
    if (this.#memories.size > MAX_PARTICIPANTS && oldest !== undefined) this.#memories.delete(oldest);
  }
}

const isFresh = ({ atMs }: Learned, nowMs: number): boolean => nowMs - atMs < KEPT_MS;

/** What is known after one more cut. */
function learn({ lastCutMs, learned }: Memory, ageMs: number, nowMs: number): Learned | undefined {
  const isTried = learned !== undefined && !isFresh(learned, nowMs);
  const sameMs = [lastCutMs, isTried ? learned.ageMs : 0].find((otherMs) => isSameAge(otherMs, ageMs));
  return sameMs === undefined ? stillTrue(learned, ageMs) : { ageMs: Math.min(sameMs, ageMs), atMs: nowMs };
}

/** A hold that lasted longer shows that the network lets polls be held for longer than before. */
const stillTrue = (learned: Learned | undefined, heldMs: number): Learned | undefined =>
  learned === undefined || isOlder(heldMs, learned.ageMs) ? undefined : learned;

const isOlder = (ageMs: number, thanMs: number): boolean => ageMs > thanMs * (1 + SAME_AGE_SHARE);

const isSameAge = (oneMs: number, otherMs: number): boolean => !isOlder(oneMs, otherMs) && !isOlder(otherMs, oneMs);

const boundOf = (ageMs: number): number =>
  Math.max(MIN_BOUND_MS, Math.floor(Math.min(ageMs - MARGIN_MS, ageMs * MARGIN_SHARE)));
