import type { JsonObject } from '../wire/index.ts';
import { belongsTo, normalize } from './candidates.ts';
import type { Candidate, Description, PeerConnectionLike } from './peer-connection.ts';
import type { Runtime } from './runtime.ts';

export interface NegotiatorOptions {
  readonly runtime: Pick<Runtime, 'after' | 'newId'>;
  /** Of two offers that meet, the polite side gives up its own. Exactly one side is polite. */
  readonly polite: boolean;
  /** Rejects when a description cannot be sent. */
  readonly send: (type: 'offer' | 'answer' | 'candidate' | 'custom', payload: JsonObject) => Promise<unknown>;
  /** A later negotiation, or a candidate, failed: the connection stays as it was. */
  readonly fail: (cause: unknown) => void;
  /** The first negotiation failed: there is no connection to fall back to. */
  readonly abort: (cause: unknown) => void;
}

/** As it goes over the wire: answers repeat the id of the offer that they answer. */
interface SentDescription extends Description {
  readonly offerId?: string;
}

/**
 * How long an offer may stay unanswered once the call has been connected. Longer than the 8 s between two ICE restarts, which
 * replace such an offer themselves.
 */
const ANSWER_MS = 10_000;
/** Ends a negotiation that came to nothing (RFC 8829, section 4.1.10.2). */
const ROLLBACK = { type: 'rollback', sdp: '' } as const;
/** The pause after an offer that failed: browsers fire `negotiationneeded` again at once. */
const PAUSE_MS = 30_000;
/** Several interfaces, both families and TCP make some dozens; more is not a call. */
const MAX_WAITING = 256;

/**
 * Offer and answer by perfect negotiation (WebRTC 1.0, section 10.7), one step at a time: there is never more than one
 * `createOffer` under way, and what arrives meanwhile waits its turn. Offers carry an `offerId` beside `type` and `sdp`, which
 * answers repeat, so that a late answer never meets a newer offer; peers that do not know it are taken at their word.
 *
 * An offer that cannot be sent or applied, or that is not answered, is rolled back, so that either side can offer again. A
 * `custom` message with `{ offerFailed: offerId }` tells the other side.
 */
export class Negotiator {
  protected readonly pc: PeerConnectionLike;
  protected readonly options: NegotiatorOptions;
  #steps: Promise<unknown> = Promise.resolve();
  /** Whether we may offer: the called side lets the caller go first. */
  #mayOffer: boolean;
  #wanted = false;
  /** Whether the next offer, or the one that waits for its answer, restarts ICE. */
  #restart = false;
  /** The offer of this side, from its making to its answer. Kept here: `signalingState` lags behind in React Native. */
  #pendingId: string | undefined;
  /** The last offer, of either side, that failed. */
  #failedId: unknown;
  #isPaused = false;
  /** Of the answer that is expected, or of the pause. */
  #cancelTimer = (): void => undefined;
  /** Whether offer and answer have met once. */
  #isAgreed = false;
  #remoteSdp: string | undefined;
  /** Candidates may overtake the description that they belong to: they wait for it. */
  #waiting: Candidate[] = [];
  #closed = false;

  constructor(pc: PeerConnectionLike, mayOffer: boolean, options: NegotiatorOptions) {
    this.pc = pc;
    this.#mayOffer = mayOffer;
    this.options = options;
  }

  /** Whether an offer of this side waits for its answer. */
  protected get isWaiting(): boolean {
    return Boolean(this.#pendingId);
  }

  /** Something is to be negotiated: `negotiationneeded` fired, or the call begins. */
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

  receive(type: string, payload: JsonObject): void {
    this.#enqueue(async () => {
      if (type === 'candidate') await this.#add(payload as unknown as Candidate);
      if (type === 'offer') await this.#onOffer(payload as unknown as SentDescription);
      if (type === 'answer') await this.#onAnswer(payload as unknown as SentDescription);
      if (type === 'custom') await this.#onFailed(payload.offerFailed);
    });
  }

  /** A candidate of ours was found. It goes behind the description that is being set, to which it belongs. */
  protected found(candidate: Candidate | null): void {
    const found = normalize(candidate) as unknown as JsonObject;
    this.#enqueue(() => void this.options.send('candidate', found).catch(this.options.fail));
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
    const id = this.options.runtime.newId();
    this.#pendingId = id;
    this.#wanted = false;
    try {
      const { sdp = '' } = await this.pc.createOffer({ iceRestart: this.#restart });
      await this.#describe('offer', sdp, id);
      if (this.#isAgreed) this.#enqueueIn(ANSWER_MS, () => this.#abandon(id, new Error('an offer got no answer')));
    } catch (cause) {
      await this.#abandon(id, cause);
    }
  }

  async #onOffer({ sdp, offerId }: SentDescription): Promise<void> {
    if (this.#pendingId && !this.options.polite) return;
    const wanted = this.#wanted;
    // Without an offer of ours, a need that this one leaves open is announced again afterwards.
    this.#wanted = false;
    await this.#rollBack();
    try {
      await this.pc.setRemoteDescription({ type: 'offer', sdp });
      const { sdp: answer = '' } = await this.pc.createAnswer();
      await this.#describe('answer', answer, offerId);
      this.#isAgreed = true;
      await this.#described(sdp);
    } catch (cause) {
      this.#wanted ||= wanted;
      // Without effect when it was not applied.
      await this.pc.setRemoteDescription(ROLLBACK).catch(() => undefined);
      this.#report(cause, offerId);
    }
    this.#mayOffer = true;
    await this.#offer();
  }

  async #onAnswer({ type, sdp, offerId = this.#pendingId }: SentDescription): Promise<void> {
    if (!offerId || offerId !== this.#pendingId) return;
    this.#cancelTimer();
    try {
      await this.pc.setRemoteDescription({ type, sdp });
      this.#isAgreed = true;
      if (type === 'answer') {
        this.#pendingId = undefined;
        this.#restart = false;
      }
      await this.#described(sdp);
    } catch (cause) {
      await this.#abandon(offerId, cause);
    }
    await this.#offer();
  }

  /** The other side could not apply our offer, or rolled its own one back. */
  async #onFailed(offerId: unknown): Promise<void> {
    if (!offerId || offerId === this.#failedId) return;
    const cause = new Error('the other side could not negotiate');
    if (offerId === this.#pendingId) await this.#abandon(offerId, cause);
    else this.options.fail(cause);
  }

  /** Rolls back an offer that came to nothing; it is made again after a pause. */
  async #abandon(offerId: unknown, cause: unknown): Promise<void> {
    if (offerId !== this.#pendingId) return;
    await this.#rollBack();
    this.#isPaused = true;
    this.#enqueueIn(PAUSE_MS, () => {
      this.#isPaused = false;
      return this.#offer();
    });
    this.#report(cause, offerId);
  }

  /** @param offerFailed the failed offer; its id goes to the other side */
  #report(cause: unknown, offerFailed: unknown): void {
    // A step under way fails when the connection is closed.
    if (this.#closed) return;
    this.#failedId = offerFailed;
    if (!this.#isAgreed) this.options.abort(cause);
    else {
      this.options.send('custom', { offerFailed }).catch(() => undefined);
      this.options.fail(cause);
    }
  }

  /** Takes our unanswered offer back, to make it again. Where that is not known, the next description replaces it. */
  async #rollBack(): Promise<void> {
    if (!this.#pendingId) return;
    this.#cancelTimer();
    this.#pendingId = undefined;
    this.#wanted = true;
    // A failure is left to implicit rollback.
    await this.pc.setLocalDescription(ROLLBACK).catch(() => undefined);
  }

  /** The candidates of a description go behind it, and so they wait for it here as they would in the mailbox. */
  async #describe(type: 'offer' | 'answer', sdp: string, offerId: string | undefined): Promise<void> {
    await this.pc.setLocalDescription({ type, sdp });
    if (!this.#closed) await this.options.send(type, { type, sdp, offerId });
  }

  /** Never rejects: one bad candidate must not stop the others, nor the answer. */
  async #add(sent: Candidate): Promise<void> {
    const candidate = normalize(sent);
    if (this.#remoteSdp === undefined || !belongsTo(this.#remoteSdp, candidate)) {
      this.#waiting = [...this.#waiting, candidate].slice(-MAX_WAITING);
      return;
    }
    try {
      await this.pc.addIceCandidate(candidate);
    } catch (error) {
      // Not every stack knows the end of candidates, and none depends on it.
      if (candidate.candidate) this.options.fail(error);
    }
  }

  async #described(sdp: string): Promise<void> {
    this.#remoteSdp = sdp;
    for (const candidate of this.#waiting.splice(0)) await this.#add(candidate);
  }
}
