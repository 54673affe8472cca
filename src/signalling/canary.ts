import type { Clock } from './clock.ts';
import { decodeCursor } from './cursor.ts';
import { isStoreFull, isUnavailable, notDelivering, SignallingError, withoutCause } from './errors.ts';
import { CANARY_ROOM, newMailboxId, newMessageId, newParticipantId } from './ids.ts';
import type { Mailbox } from './message.ts';
import { receive, type Batch } from './receive.ts';
import type { SignallingStore, StoreMaintenance } from './store.ts';
import { SILENT } from './telemetry.ts';
import { mintToken } from './tokens.ts';
import type { TimingWheel } from './timing-wheel.ts';
import type { Waiters } from './waiters.ts';

/** A slower delivery means that the service does not work, even if its store reports no error. */
const DELIVERY_LIMIT_MS = 2_000;
/** Minimum time between two checks, because each costs two commits. */
const CHECK_EVERY_MS = 3_000;
/** Without checks the canary expires; the next check joins again. */
const IDLE_TIMEOUT_MS = 60_000;

interface CanaryOptions {
  readonly store: SignallingStore & Pick<StoreMaintenance, 'checkRetention'>;
  readonly waiters: Waiters;
  readonly windows: TimingWheel;
  readonly clock: Clock;
  readonly report: { checkPassed(): void; checkFailed(error: unknown): void };
}

/**
 * Sends itself a message through the regular path: commit, hint, held poll, acknowledgement. Its room is reserved:
 * requests cannot name it, and lists, counts and limits leave it out.
 */
export class Canary {
  readonly #options: CanaryOptions;
  #mailbox: Mailbox | undefined;
  #last: { readonly atMs: number; readonly outcome: Promise<void> } | undefined;
  #isWaiting = false;

  constructor(options: CanaryOptions) {
    this.#options = options;
  }

  /** True while the canary's poll counts among the held polls. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /**
   * Resolves or rejects with the outcome of the newest check, which is at most 3 s old.
   * @throws SignallingError `storage-unavailable` if the message was not delivered within 2 s, or the store may drop
   * messages
   */
  check(): Promise<void> {
    const nowMs = this.#options.clock.steadyMs();
    if (this.#last === undefined || nowMs - this.#last.atMs >= CHECK_EVERY_MS) {
      this.#last = { atMs: nowMs, outcome: this.#runCheck() };
    }
    return this.#last.outcome;
  }

  async #runCheck(): Promise<void> {
    const hangUps: (() => void)[] = [];
    const onHangUp = (listener: () => void): void => void hangUps.push(listener);
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(DELIVERY_LIMIT_MS, () => reject(notDelivering('late')));
    try {
      await Promise.race([this.#roundTrip(onHangUp), late]);
      this.#options.report.checkPassed();
    } catch (error) {
      this.#leave();
      // A full store still responds, and readers must be able to empty it.
      if (isStoreFull(error)) {
        this.#options.report.checkPassed();
        return;
      }
      const failure = isUnavailable(error) ? error : notDelivering('failed', error);
      this.#options.report.checkFailed(failure);
      // The reporter logs the cause.
      throw withoutCause(failure);
    } finally {
      cancel();
      for (const hangUp of hangUps) hangUp();
    }
  }

  async #roundTrip(onHangUp: (listener: () => void) => void): Promise<void> {
    await this.#options.store.checkRetention();
    this.#mailbox ??= await this.#join();
    try {
      await this.#sendAndReceive(this.#mailbox, onHangUp);
    } catch (error) {
      if (!(error instanceof SignallingError) || error.code !== 'participant-gone') throw error;
      this.#mailbox = await this.#join();
      await this.#sendAndReceive(this.#mailbox, onHangUp);
    }
  }

  async #sendAndReceive(mailbox: Mailbox, onHangUp: (listener: () => void) => void): Promise<void> {
    const { store, clock } = this.#options;
    const id = newMessageId(clock.wallMs());
    const { promise: held, resolve } = Promise.withResolvers<undefined>();
    const arrived = this.#receiveUntil(mailbox, id, onHangUp, () => resolve(undefined));
    await Promise.race([held, arrived]);
    const message = { id, recipient: mailbox.participantId, type: 'custom', ttlMs: DELIVERY_LIMIT_MS };
    const [batch] = await Promise.all([arrived, store.append({ sender: mailbox, messages: [message] })]);
    await store.acknowledge(mailbox, decodeCursor(batch.cursor));
  }

  /** @returns the batch with the message; batches with room events of other processes' canaries may come first */
  async #receiveUntil(
    mailbox: Mailbox,
    id: string,
    onHangUp: (listener: () => void) => void,
    onHeld: () => void,
  ): Promise<Batch> {
    const { store, waiters, windows, clock } = this.#options;
    const telemetry = { ...SILENT, pollHeld: onHeld };
    const free = { networkWindows: undefined, pacer: undefined, maxHeldPolls: () => Infinity };
    const context = { store, waiters, windows, clock, telemetry, ...free };
    this.#isWaiting = true;
    try {
      for (let after: Batch['cursor'] | undefined; ;) {
        const cursor = after === undefined ? undefined : decodeCursor(after);
        // Longer than the limit: at the end of its window the poll reads again, which would hide a lost wake-up.
        const poll = { after: cursor, windowMs: DELIVERY_LIMIT_MS * 2, limit: 64, onHangUp };
        const batch = await receive(context, mailbox, poll);
        if (batch === undefined) throw notDelivering('no-answer');
        if (batch.messages.some((message) => message.id === id)) return batch;
        // An empty batch means that the service drains: every further poll would return at once, too.
        if (batch.messages.length === 0 && batch.expired === 0) throw notDelivering('ended');
        after = batch.cursor;
      }
    } finally {
      this.#isWaiting = false;
    }
  }

  async #join(): Promise<Mailbox> {
    const { handle, digest } = mintToken();
    const { mailbox } = await this.#options.store.join({
      roomId: CANARY_ROOM,
      participantId: newParticipantId(),
      resume: false,
      proof: { kind: 'none' },
      profile: {},
      defaultIdleTimeoutMs: IDLE_TIMEOUT_MS,
      token: { handle, digest },
      mailboxId: newMailboxId(),
    });
    return mailbox;
  }

  /** The check after a failure joins again. If the removal fails, the idle timeout removes the participant. */
  #leave(): void {
    const mailbox = this.#mailbox;
    this.#mailbox = undefined;
    if (mailbox === undefined) return;
    const { roomId, participantId, mailboxId } = mailbox;
    this.#options.store.depart(roomId, participantId, 'left', mailboxId).then(undefined, () => undefined);
  }
}
