import type { Clock } from './clock.ts';
import type { Awaitable } from './deferred.ts';
import { rateLimited, type SignallingError } from './errors.ts';
import type { MailboxId } from './ids.ts';
import type { Mailbox } from './message.ts';
import type { SignallingStore } from './store.ts';

/** Bounds the memory: above it, the participants counted first are dropped from the count. */
const MAX_COUNTED = 100_000;
/** Minimum time between checks of an address at its limit, which are needed because hints may be lost. */
const CHECK_EVERY_MS = 10_000;
const RETRY_AFTER_SECONDS = 10;

interface Counted {
  readonly mailbox: Mailbox;
  /** False until its join is committed: a check would not find it in the store. */
  isJoined: boolean;
}

interface Address {
  readonly mailboxes: Map<MailboxId, Counted>;
  checkedAtMs: number;
}

interface Options {
  readonly store: Pick<SignallingStore, 'participants'>;
  readonly clock: Clock;
  readonly max: number;
}

/**
 * Counts the live participants that joined from each client address through this process. A participant counts from
 * before its join until the store hints its departure, so that concurrent joins cannot exceed the limit together.
 */
export class ParticipantsPerAddress {
  readonly #options: Options;
  readonly #addresses = new Map<string, Address>();
  readonly #addressOf = new Map<MailboxId, string>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Number of counted participants. */
  get size(): number {
    return this.#addressOf.size;
  }

  /** Counts a mailbox unless the address is at its limit. @returns the refusal */
  enter(address: string, mailbox: Mailbox): Awaitable<SignallingError | undefined> {
    if (this.#isAtLimit(address)) return this.#removeDeparted(address).then(() => this.#enterNow(address, mailbox));
    return this.#enterNow(address, mailbox);
  }

  #enterNow(address: string, mailbox: Mailbox): SignallingError | undefined {
    if (this.#isAtLimit(address)) return tooManyParticipants(this.#options.max);
    this.add(address, mailbox);
    return undefined;
  }

  /** Counts a mailbox without a limit, because it replaces another one. */
  add(address: string, mailbox: Mailbox): void {
    const known = this.#addresses.get(address) ?? { mailboxes: new Map<MailboxId, Counted>(), checkedAtMs: -Infinity };
    this.#addresses.set(address, known);
    known.mailboxes.set(mailbox.mailboxId, { mailbox, isJoined: false });
    this.#addressOf.set(mailbox.mailboxId, address);
    const [first] = this.#addressOf.keys();
    if (this.#addressOf.size > MAX_COUNTED && first !== undefined) this.remove(first);
  }

  /** Marks the join as committed. Does nothing for a mailbox that has departed meanwhile. */
  confirm(mailboxId: MailboxId): void {
    const counted = this.#addresses.get(this.#addressOf.get(mailboxId) ?? '')?.mailboxes.get(mailboxId);
    if (counted !== undefined) counted.isJoined = true;
  }

  /** Does nothing if the mailbox is not counted. */
  remove(mailboxId: MailboxId): void {
    const address = this.#addressOf.get(mailboxId);
    if (address === undefined) return;
    this.#addressOf.delete(mailboxId);
    const known = this.#addresses.get(address);
    known?.mailboxes.delete(mailboxId);
    if (known?.mailboxes.size === 0) this.#addresses.delete(address);
  }

  #isAtLimit(address: string): boolean {
    return (this.#addresses.get(address)?.mailboxes.size ?? 0) >= this.#options.max;
  }

  /** Removes mailboxes that the store no longer has. */
  async #removeDeparted(address: string): Promise<void> {
    const { store, clock } = this.#options;
    const known = this.#addresses.get(address);
    if (known === undefined || clock.steadyMs() - known.checkedAtMs < CHECK_EVERY_MS) return;
    known.checkedAtMs = clock.steadyMs();
    const joined = [...known.mailboxes.values()].filter(({ isJoined }) => isJoined);
    const rooms = Map.groupBy(joined, ({ mailbox }) => mailbox.roomId);
    const checks = [...rooms].map(async ([roomId, counted]) => {
      const present = new Set((await store.participants(roomId)).map(({ participantId }) => participantId));
      for (const { mailbox } of counted) if (!present.has(mailbox.participantId)) this.remove(mailbox.mailboxId);
    });
    await Promise.allSettled(checks);
  }
}

const tooManyParticipants = (quota: number): SignallingError =>
  rateLimited({ name: 'participants', quota, remaining: 0, retryAfterSeconds: RETRY_AFTER_SECONDS });
