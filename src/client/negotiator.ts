import type { AnswerPayload, JsonObject, OfferPayload } from '../wire/index.ts';
import { RemoteCandidates } from './candidates.ts';
import { ANSWER_TIMEOUT_MS, OFFER_PAUSE_MS } from './limits.ts';
import { parseCandidate, parseDescription, type OutgoingMessage } from './messages.ts';
import type { PeerConnectionLike } from './peer-connection.ts';
import type { Runtime } from './runtime.ts';

export interface NegotiatorOptions {
  readonly runtime: Pick<Runtime, 'after' | 'newId'>;
  /** When two offers collide, the polite side gives up its own. Exactly one side is polite. */
  readonly polite: boolean;
  /** Sends a message of this call. Rejects when it cannot be sent. */
  readonly send: (message: OutgoingMessage) => Promise<unknown>;
  /** A later negotiation, or a candidate, failed: the connection stays as it was. */
  readonly fail: (cause: unknown) => void;
  /** The first negotiation failed: there is no connection to fall back to. */
  readonly abort: (cause: unknown) => void;
}

type DescriptionMessage =
  | { readonly type: 'offer'; readonly payload: OfferPayload }
  | { readonly type: 'answer'; readonly payload: AnswerPayload };

/** Ends a negotiation that failed (RFC 8829, section 4.1.10.2). */
const ROLLBACK = { type: 'rollback', sdp: '' } as const;

/**
 * Offer and answer by perfect negotiation (WebRTC 1.0, section 10.7), one step at a time: there is never more than one
 * `createOffer` under way, and a message that arrives meanwhile waits its turn. Offers carry an `offerId` beside `type`
 * and `sdp`, which answers repeat, so that a late answer never meets a newer offer. An answer without an `offerId`
 * counts for the pending offer.
 *
 * An offer that cannot be sent or applied, or that is not answered, is rolled back, so that either side can offer
 * again. A `custom` message with `{ offerFailed: offerId }` informs the other side.
 */
export class Negotiator {
  protected readonly pc: PeerConnectionLike;
  protected readonly options: NegotiatorOptions;
  readonly #candidates: RemoteCandidates;
  #steps: Promise<unknown> = Promise.resolve();
  /** Whether this side may offer: the called side lets the caller go first. */
  #mayOffer: boolean;
  #wanted = false;
  /** Whether the next offer, or the one that waits for its answer, restarts ICE. */
  #restart = false;
  /** The offer of this side, from its making to its answer. Kept here: `signalingState` lags behind in React Native. */
  #pendingId: string | undefined;
  /** The last offer, of either side, that failed. */
  #failedId: unknown;
  #isPaused = false;
  /** Cancels the timer of the expected answer, or of the pause. */
  #cancelTimer = (): void => undefined;
  /** Candidates of this side that have not been sent. */
  readonly #found: unknown[] = [];
  /** Whether a description of this side is being set. */
  #isDescribing = false;
  /** Whether an offer has been answered. */
  #isAgreed = false;
  #closed = false;

  constructor(pc: PeerConnectionLike, mayOffer: boolean, options: NegotiatorOptions) {
    this.pc = pc;
    this.#mayOffer = mayOffer;
    this.options = options;
    this.#candidates = new RemoteCandidates(pc, options.fail);
  }

  /** Whether an offer of this side waits for its answer. */
  protected get isWaiting(): boolean {
    return Boolean(this.#pendingId);
  }

  /** A negotiation is needed: `negotiationneeded` fired, or the call begins. */
  protected want(): void {
    this.#wanted = true;
    this.#enqueue(() => this.#offer());
  }

  /** New ICE credentials and a new offer, also when an offer waits for an answer that may never come. */
  restart(): void {
    this.#enqueue(async () => {
      await this.#rollBack();
      this.#mayOffer = this.#wanted = this.#restart = true;
      this.#isPaused = false;
      await this.#offer();
    });
  }

  /** A message of the call arrived. A malformed payload fails like one that the peer connection refuses. */
  receive(type: string, payload: JsonObject): void {
    this.#enqueue(async () => {
      if (type === 'candidate') await this.#candidates.add(parseCandidate(payload));
      if (type === 'offer') await this.#onOffer(payload);
      if (type === 'answer') await this.#onAnswer(payload);
      if (type === 'custom') await this.#onFailed(payload.offerFailed);
    });
  }

  /** The peer connection found a candidate. It is sent behind the description that is being set, to which it belongs. */
  protected found(candidate: unknown): void {
    this.#found.push(candidate);
    if (!this.#isDescribing) this.#trickle();
  }

  #trickle(): void {
    for (const candidate of this.#found.splice(0)) {
      const send = async () => this.options.send({ type: 'candidate', payload: parseCandidate(candidate) });
      send().catch(this.options.fail);
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
  }

  #enqueue(step: () => void | Promise<void>): void {
    this.#steps = this.#steps.then(() => this.#closed || step()).catch(this.options.fail);
  }

  #enqueueIn(delayMs: number, step: () => void | Promise<void>): void {
    this.#cancelTimer();
    this.#cancelTimer = this.options.runtime.after(delayMs, () => this.#enqueue(step));
  }

  async #offer(): Promise<void> {
    if (!this.#wanted || !this.#mayOffer || this.#pendingId || this.#isPaused) return;
    const offerId = this.options.runtime.newId();
    this.#pendingId = offerId;
    this.#wanted = false;
    try {
      const { sdp = '' } = await this.pc.createOffer({ iceRestart: this.#restart });
      await this.#describe('offer', sdp, offerId);
      if (this.#isAgreed) {
        this.#enqueueIn(ANSWER_TIMEOUT_MS, () => this.#abandon(offerId, new Error('an offer got no answer')));
      }
    } catch (cause) {
      await this.#abandon(offerId, cause);
    }
  }

  /** An `offerId` is only compared and repeated, so any JSON value will do. */
  async #onOffer(payload: JsonObject): Promise<void> {
    if (this.#pendingId && !this.options.polite) return;
    const { offerId } = payload;
    const wanted = this.#wanted;
    // This offer may cover it; if it does not, the peer connection fires `negotiationneeded` again.
    this.#wanted = false;
    await this.#rollBack();
    try {
      const offer = parseDescription(payload, 'offer');
      await this.pc.setRemoteDescription(offer);
      const { sdp = '' } = await this.pc.createAnswer();
      await this.#describe('answer', sdp, offerId);
      this.#isAgreed = true;
      await this.#candidates.flush(offer.sdp);
    } catch (cause) {
      this.#wanted ||= wanted;
      // Rejects when the offer was not applied: there is nothing to roll back then.
      await this.pc.setRemoteDescription(ROLLBACK).catch(() => undefined);
      this.#report(cause, offerId);
    }
    this.#mayOffer = true;
    await this.#offer();
  }

  async #onAnswer(payload: JsonObject): Promise<void> {
    const { offerId = this.#pendingId } = payload;
    if (!offerId || offerId !== this.#pendingId) return;
    this.#cancelTimer();
    try {
      const answer = parseDescription(payload, 'answer', 'pranswer');
      await this.pc.setRemoteDescription(answer);
      this.#isAgreed = true;
      if (answer.type === 'answer') {
        this.#pendingId = undefined;
        this.#restart = false;
      }
      await this.#candidates.flush(answer.sdp);
    } catch (cause) {
      await this.#abandon(offerId, cause);
    }
    await this.#offer();
  }

  /** The other side could not apply an offer of this side, or rolled its own one back. */
  async #onFailed(offerId: unknown): Promise<void> {
    if (!offerId || offerId === this.#failedId) return;
    const cause = new Error('the other side could not negotiate');
    if (offerId === this.#pendingId) await this.#abandon(offerId, cause);
    else this.options.fail(cause);
  }

  /** Rolls back an offer that failed; it is made again after a pause. */
  async #abandon(offerId: unknown, cause: unknown): Promise<void> {
    if (offerId !== this.#pendingId) return;
    await this.#rollBack();
    this.#isPaused = true;
    this.#enqueueIn(OFFER_PAUSE_MS, () => {
      this.#isPaused = false;
      return this.#offer();
    });
    this.#report(cause, offerId);
  }

  /** @param offerFailed the failed offer's id, which is sent to the other side */
  #report(cause: unknown, offerFailed: unknown): void {
    // A step under way fails when the connection is closed.
    if (this.#closed) return;
    this.#failedId = offerFailed;
    if (!this.#isAgreed) this.options.abort(cause);
    else {
      this.options.send({ type: 'custom', payload: { offerFailed } }).catch(() => undefined);
      this.options.fail(cause);
    }
  }

  /** Takes back the unanswered offer, to make it again. Where rollback is unknown, the next description replaces it. */
  async #rollBack(): Promise<void> {
    if (!this.#pendingId) return;
    this.#cancelTimer();
    this.#pendingId = undefined;
    this.#wanted = true;
    // If the rollback fails, implicit rollback does the same.
    await this.pc.setLocalDescription(ROLLBACK).catch(() => undefined);
  }

  /** Candidates that are found while a description is being set are sent in its turn, and so in its request. */
  async #describe(type: 'offer' | 'answer', sdp: string, offerId: unknown): Promise<void> {
    this.#isDescribing = true;
    await this.pc.setLocalDescription({ type, sdp }).finally(() => (this.#isDescribing = false));
    if (this.#closed) return;
    const sent = this.options.send({ type, payload: { type, sdp, offerId } } as DescriptionMessage);
    this.#trickle();
    await sent;
  }
}
