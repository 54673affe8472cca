import type { JsonObject } from '../wire/index.ts';
import type { Candidate, CreatedDescription, Description, PeerConnectionLike } from './peer-connection.ts';
import { RemoteCandidates } from './remote-candidates.ts';

export interface NegotiatorOptions {
  /** Of two offers that meet, the polite side gives up its own. Exactly one side is polite. */
  readonly polite: boolean;
  readonly newId: () => string;
  readonly send: (type: 'offer' | 'answer' | 'candidate', payload: JsonObject) => void;
  readonly fail: (cause: unknown) => void;
}

/** As it goes over the wire: answers repeat the id of the offer that they answer. */
interface SentDescription extends Description {
  readonly offerId?: string;
}

/**
 * Offer and answer by perfect negotiation (WebRTC 1.0, section 10.7), one step at a time: there is never more than one
 * `createOffer` under way, and what arrives meanwhile waits its turn. Offers carry an `offerId` beside `type` and `sdp`, which
 * answers repeat, so that a late answer never meets a newer offer; peers that do not know it are taken at their word.
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
  /** Our offer that waits for its answer. Kept here: `signalingState` lags behind in React Native. */
  #offerId: string | undefined;
  #offerRestarts = false;
  #closed = false;

  constructor(pc: PeerConnectionLike, mayOffer: boolean, options: NegotiatorOptions) {
    this.#pc = pc;
    this.#mayOffer = mayOffer;
    this.#options = options;
    this.#remote = new RemoteCandidates(pc, options.fail);
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
      this.#wanted = true;
      this.#restart = true;
      await this.#offer();
    });
  }

  receive(type: string, payload: JsonObject): void {
    this.#enqueue(async () => {
      if (type === 'candidate') await this.#remote.add(payload as unknown as Candidate);
      if (type === 'offer') await this.#onOffer(payload as unknown as SentDescription);
      if (type === 'answer') await this.#onAnswer(payload as unknown as SentDescription);
    });
  }

  /** A candidate of ours was found. It goes behind the description that is being set, to which it belongs. */
  found(candidate: JsonObject): void {
    this.#enqueue(async () => this.#options.send('candidate', candidate));
  }

  close(): void {
    this.#closed = true;
  }

  #enqueue(step: () => Promise<void>): void {
    this.#steps = this.#steps
      .then(() => (this.#closed ? undefined : step()))
      .catch((error: unknown) => (this.#closed ? undefined : this.#options.fail(error)));
  }

  async #offer(): Promise<void> {
    if (!this.#wanted || !this.#mayOffer || this.#offerId) return;
    this.#offerRestarts = this.#restart;
    this.#wanted = this.#restart = false;
    const offer = await this.#pc.createOffer({ iceRestart: this.#offerRestarts });
    const offerId = this.#options.newId();
    await this.#describe('offer', offer, offerId);
    this.#offerId = offerId;
  }

  async #onOffer({ sdp, offerId }: SentDescription): Promise<void> {
    if (this.#offerId && !this.#options.polite) return;
    // Without an offer of ours, a need that this one leaves open is announced again afterwards.
    this.#wanted = false;
    await this.#rollBack();
    await this.#pc.setRemoteDescription({ type: 'offer', sdp });
    await this.#remote.described(sdp);
    await this.#describe('answer', await this.#pc.createAnswer(), offerId);
    this.#mayOffer = true;
    await this.#offer();
  }

  async #onAnswer({ type, sdp, offerId = this.#offerId }: SentDescription): Promise<void> {
    if (!offerId || offerId !== this.#offerId) return;
    if (type === 'answer') this.#offerId = undefined;
    await this.#pc.setRemoteDescription({ type, sdp });
    await this.#remote.described(sdp);
    await this.#offer();
  }

  /** Takes our unanswered offer back, to make it again. Where that is not known, the next description replaces it. */
  async #rollBack(): Promise<void> {
    if (!this.#offerId) return;
    this.#offerId = undefined;
    this.#wanted = true;
    this.#restart = this.#offerRestarts;
    try {
      await this.#pc.setLocalDescription({ type: 'rollback', sdp: '' });
    } catch {
      // Left to implicit rollback.
    }
  }

  async #describe(type: 'offer' | 'answer', { sdp = '' }: CreatedDescription, offerId?: string): Promise<void> {
    await this.#pc.setLocalDescription({ type, sdp });
    if (!this.#closed) this.#options.send(type, { type, sdp, offerId });
  }
}
