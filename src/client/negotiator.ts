import type { JsonObject } from '../wire/index.ts';
import type { Candidate, Description, PeerConnectionLike } from './peer-connection.ts';
import { after, type Timers } from './platform.ts';
import { RemoteCandidates } from './remote-candidates.ts';

export interface NegotiatorOptions {
  readonly timers: Timers;
  /** Of two offers that meet, the polite side gives up its own. Exactly one side is polite. */
  readonly polite: boolean;
  readonly newId: () => string;
  /** Rejects when a description cannot be sent. */
  readonly send: (type: 'offer' | 'answer' | 'candidate' | 'custom', payload: JsonObject) => Promise<void>;
  /** A later negotiation, or a candidate, failed: the connection stays as it was. */
  readonly fail: (cause: unknown) => void;
  /** The first negotiation failed: there is no connection to fall back to. */
  readonly abort: (cause: unknown) => void;
}

/** As it goes over the wire: answers repeat the id of the offer that they answer. */
interface SentDescription extends Description {
  readonly offerId?: string;
}

/** An offer of this side that waits for its answer. */
interface PendingOffer {
  readonly id: string;
  readonly restartsIce: boolean;
}

/**
 * How long an offer may stay unanswered once the call has been connected. Longer than the 8 s between two ICE restarts, which
 * replace such an offer themselves.
 */
const ANSWER_MS = 10_000;
/** The pause after an offer that failed, doubled by each further one. Browsers fire `negotiationneeded` again at once. */
const RETRY_MS = 10_000;
const MAX_RETRY_MS = 60_000;

/**
 * Offer and answer by perfect negotiation (WebRTC 1.0, section 10.7), one step at a time: there is never more than one
 * `createOffer` under way, and what arrives meanwhile waits its turn. Offers carry an `offerId` beside `type` and `sdp`, which
 * answers repeat, so that a late answer never meets a newer offer; peers that do not know it are taken at their word.
 *
 * An offer that cannot be sent or applied, or that is not answered, is rolled back, so that either side can offer again. A
 * `custom` message with `{ offerFailed: offerId }` tells the other side.
 */
export class Negotiator {
  readonly #pc: PeerConnectionLike;
  readonly #options: NegotiatorOptions;
  readonly #remote: RemoteCandidates;
  #steps: Promise<void> = Promise.resolve();
  /** Whether we may offer: the called side lets the caller go first. */
  #mayOffer: boolean;
  #wanted = false;
  #restart = false;
  /** Kept here: `signalingState` lags behind in React Native. */
  #pending: PendingOffer | undefined;
  #cancelDeadline = (): void => undefined;
  /** Whether offer and answer have met once. */
  #isAgreed = false;
  /** The offer that was rolled back last, after the other side may have got it. */
  #failedId: string | undefined;
  #failures = 0;
  #endPause: (() => void) | undefined;
  #closed = false;

  constructor(pc: PeerConnectionLike, mayOffer: boolean, options: NegotiatorOptions) {
    this.#pc = pc;
    this.#mayOffer = mayOffer;
    this.#options = options;
    this.#remote = new RemoteCandidates(pc, options.fail);
  }

  /** Whether an offer of this side waits for its answer. */
  get isWaiting(): boolean {
    return this.#pending !== undefined;
  }

  /** Something is to be negotiated: `negotiationneeded` fired, or the call begins. */
  want(): void {
    this.#wanted = true;
    this.#enqueue(() => this.#offer());
  }

  /** New ICE credentials and a new offer, also when an offer waits for an answer that may never come. */
  restartIce(): void {
    this.#enqueue(async () => {
      await this.#rollBack();
      this.#mayOffer = true;
      this.#restart = true;
      await this.#offerNow();
    });
  }

  receive(type: string, payload: JsonObject): void {
    this.#enqueue(async () => {
      if (type === 'candidate') await this.#remote.add(payload as unknown as Candidate);
      if (type === 'offer') await this.#onOffer(payload as unknown as SentDescription);
      if (type === 'answer') await this.#onAnswer(payload as unknown as SentDescription);
      if (type === 'custom') await this.#onFailed(payload.offerFailed);
    });
  }

  /** A candidate of ours was found. It goes behind the description that is being set, to which it belongs. */
  found(candidate: JsonObject): void {
    this.#enqueue(async () => {
      this.#options.send('candidate', candidate).catch(this.#options.fail);
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelDeadline();
    this.#endPause?.();
  }

  #enqueue(step: () => Promise<void>): void {
    this.#steps = this.#steps
      .then(() => (this.#closed ? undefined : step()))
      .catch((error: unknown) => (this.#closed ? undefined : this.#options.fail(error)));
  }

  async #offer(): Promise<void> {
    if (!this.#wanted || !this.#mayOffer || this.#pending || this.#endPause) return;
    const pending = { id: this.#options.newId(), restartsIce: this.#restart };
    this.#wanted = this.#restart = false;
    try {
      const { sdp = '' } = await this.#pc.createOffer({ iceRestart: pending.restartsIce });
      await this.#pc.setLocalDescription({ type: 'offer', sdp });
      this.#pending = pending;
      this.#send('offer', sdp, pending.id, (cause) => this.#abandon(pending, cause));
      this.#expectAnswer(pending);
    } catch (cause) {
      this.#wanted = true;
      this.#restart = pending.restartsIce;
      this.#offerFailed(cause);
    }
  }

  /** Offers without waiting for the end of a pause. */
  async #offerNow(): Promise<void> {
    this.#endPause?.();
    this.#wanted = true;
    await this.#offer();
  }

  async #onOffer({ sdp, offerId }: SentDescription): Promise<void> {
    if (this.#pending && !this.#options.polite) return;
    const wanted = this.#wanted;
    const isFirst = !this.#isAgreed;
    // Without an offer of ours, a need that this one leaves open is announced again afterwards.
    this.#wanted = false;
    await this.#rollBack();
    let isApplied = false;
    try {
      await this.#pc.setRemoteDescription({ type: 'offer', sdp });
      isApplied = true;
      const { sdp: answer = '' } = await this.#pc.createAnswer();
      await this.#pc.setLocalDescription({ type: 'answer', sdp: answer });
      this.#isAgreed = true;
      this.#send('answer', answer, offerId, (cause) => this.#report(cause, isFirst, offerId));
      await this.#remote.described(sdp);
    } catch (cause) {
      this.#wanted ||= wanted;
      if (isApplied) await this.#pc.setRemoteDescription({ type: 'rollback', sdp: '' }).catch(() => undefined);
      this.#report(cause, isFirst, offerId);
    }
    this.#mayOffer = true;
    await this.#offer();
  }

  async #onAnswer({ type, sdp, offerId = this.#pending?.id }: SentDescription): Promise<void> {
    if (!offerId) return;
    // The other side has applied an offer that was rolled back here: only a new one brings both together again.
    if (offerId === this.#failedId) await this.#offerNow();
    if (!this.#pending || offerId !== this.#pending.id) return;
    this.#cancelDeadline();
    try {
      await this.#pc.setRemoteDescription({ type, sdp });
    } catch (cause) {
      await this.#abandon(this.#pending, cause);
      return;
    }
    if (type === 'answer') this.#pending = undefined;
    this.#isAgreed = true;
    this.#failures = 0;
    await this.#remote.described(sdp);
    await this.#offer();
  }

  /** The other side could not apply our offer, or rolled its own one back. */
  async #onFailed(offerId: unknown): Promise<void> {
    if (typeof offerId !== 'string') return;
    const cause = new Error('the other side could not negotiate');
    if (offerId === this.#pending?.id) await this.#abandon(this.#pending, cause, false);
    else if (offerId !== this.#failedId) this.#options.fail(cause);
  }

  #expectAnswer(pending: PendingOffer): void {
    if (!this.#isAgreed) return;
    this.#cancelDeadline = after(this.#options.timers, ANSWER_MS, () => {
      this.#enqueue(() => this.#abandon(pending, new Error(`an offer got no answer in ${ANSWER_MS} ms`)));
    });
  }

  /** Rolls back an offer that came to nothing; it is made again after a pause. */
  async #abandon(pending: PendingOffer, cause: unknown, tell = true): Promise<void> {
    if (pending !== this.#pending) return;
    this.#failedId = pending.id;
    await this.#rollBack();
    this.#offerFailed(cause, tell ? pending.id : undefined);
  }

  #offerFailed(cause: unknown, offerId?: string): void {
    this.#endPause?.();
    const pauseMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#failures);
    const cancel = after(this.#options.timers, pauseMs, () => {
      this.#endPause = undefined;
      this.#enqueue(() => this.#offer());
    });
    this.#endPause = () => {
      cancel();
      this.#endPause = undefined;
    };
    this.#failures += 1;
    this.#report(cause, !this.#isAgreed, offerId);
  }

  /** @param offerId the offer of which the other side is told that it failed */
  #report(cause: unknown, isFirst: boolean, offerId?: string): void {
    // A step under way fails when the connection is closed.
    if (this.#closed) return;
    if (isFirst) {
      this.#options.abort(cause);
      return;
    }
    if (offerId !== undefined) this.#options.send('custom', { offerFailed: offerId }).catch(() => undefined);
    this.#options.fail(cause);
  }

  /** Takes our unanswered offer back, to make it again. Where that is not known, the next description replaces it. */
  async #rollBack(): Promise<void> {
    if (!this.#pending) return;
    this.#cancelDeadline();
    this.#restart ||= this.#pending.restartsIce;
    this.#pending = undefined;
    this.#wanted = true;
    try {
      await this.#pc.setLocalDescription({ type: 'rollback', sdp: '' });
    } catch {
      // Left to implicit rollback.
    }
  }

  /** Sends a description that was set. The next steps do not wait for it: candidates follow at once. */
  #send(
    type: 'offer' | 'answer',
    sdp: string,
    offerId: string | undefined,
    onFailure: (cause: unknown) => void | Promise<void>,
  ): void {
    if (this.#closed) return;
    this.#options.send(type, { type, sdp, offerId }).catch((cause: unknown) => {
      this.#enqueue(async () => onFailure(cause));
    });
  }
}
