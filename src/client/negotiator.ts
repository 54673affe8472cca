import type { JsonObject } from '../wire/index.ts';
import { textOf } from './messages.ts';
import type { Candidate, CreatedDescription, PeerConnectionLike } from './peer-connection.ts';
import { RemoteCandidates } from './remote-candidates.ts';

export interface NegotiatorOptions {
  /** Of two offers that meet, the polite side gives up its own. Exactly one side is polite. */
  readonly polite: boolean;
  readonly newId: () => string;
  readonly send: (type: 'offer' | 'answer' | 'candidate', payload: JsonObject) => void;
  readonly fail: (cause: unknown) => void;
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
  /** Whether the other side's last offer was dropped; its candidates mean nothing to us then. */
  #ignoring = false;
  #remoteUfrag: string | undefined;
  /** Our candidates, while the description that they belong to is not sent yet. */
  #held: JsonObject[] | undefined;
  #closed = false;

  constructor(pc: PeerConnectionLike, mayOffer: boolean, options: NegotiatorOptions) {
    this.#pc = pc;
    this.#mayOffer = mayOffer;
    this.#options = options;
    this.#remote = new RemoteCandidates(pc);
  }

  /** Something is to be negotiated: `negotiationneeded` fired, or the call begins. */
  want(): void {
    this.#wanted = true;
    this.#enqueue(this.#offer);
  }

  /** New ICE credentials and a new offer, also when an offer waits for an answer that may never come. */
  restartIce(): void {
    this.#enqueue(async () => {
      this.#mayOffer = true;
      this.#wanted = true;
      this.#restart = true;
      await this.#rollBack();
      await this.#offer();
    });
  }

  receive(type: string, payload: JsonObject): void {
    const sdp = textOf(payload.sdp);
    if (type === 'candidate') this.#enqueue(() => this.#onCandidate(payload as unknown as Candidate));
    if (type === 'offer' && sdp !== undefined) this.#enqueue(() => this.#onOffer(sdp, textOf(payload.offerId)));
    if (type === 'answer' && sdp !== undefined) this.#enqueue(() => this.#onAnswer(sdp, payload));
  }

  /** A candidate of ours was found. */
  found(candidate: JsonObject): void {
    if (this.#held === undefined) this.#options.send('candidate', candidate);
    else this.#held.push(candidate);
  }

  close(): void {
    this.#closed = true;
  }

  #enqueue(step: () => Promise<void>): void {
    this.#steps = this.#steps
      .then(() => (this.#closed ? undefined : step()))
      .catch((error: unknown) => (this.#closed ? undefined : this.#options.fail(error)));
  }

  readonly #offer = async (): Promise<void> => {
    if (!this.#wanted || !this.#mayOffer || this.#offerId !== undefined) return;
    this.#offerRestarts = this.#restart;
    this.#wanted = false;
    this.#restart = false;
    const offer = await this.#pc.createOffer(this.#offerRestarts ? { iceRestart: true } : undefined);
    const offerId = this.#options.newId();
    await this.#describe('offer', offer, offerId);
    this.#offerId = offerId;
  };

  async #onOffer(sdp: string, offerId: string | undefined): Promise<void> {
    const collides = this.#offerId !== undefined;
    this.#ignoring = collides && !this.#options.polite;
    if (this.#ignoring) return;
    if (collides) await this.#rollBack();
    else this.#wanted = false; // A need of ours that this offer leaves open is announced again afterwards.
    await this.#pc.setRemoteDescription({ type: 'offer', sdp });
    await this.#onRemote(sdp);
    await this.#describe('answer', await this.#pc.createAnswer(), offerId);
    this.#mayOffer = true;
    await this.#offer();
  }

  async #onAnswer(sdp: string, { type, offerId }: JsonObject): Promise<void> {
    if (this.#offerId === undefined || (offerId !== undefined && offerId !== this.#offerId)) return;
    const final = type !== 'pranswer';
    this.#ignoring = false;
    if (final) this.#offerId = undefined;
    await this.#pc.setRemoteDescription({ type: final ? 'answer' : 'pranswer', sdp });
    await this.#onRemote(sdp);
    await this.#offer();
  }

  async #onCandidate(candidate: Candidate): Promise<void> {
    try {
      await this.#remote.add(candidate);
    } catch (error) {
      if (!this.#ignoring) throw error;
    }
  }

  async #onRemote(sdp: string): Promise<void> {
    const ufrag = /^a=ice-ufrag:(.*)$/m.exec(sdp)?.[1];
    // The other side restarted ICE: ours is done with it.
    if (ufrag !== this.#remoteUfrag) this.#restart = false;
    this.#remoteUfrag = ufrag;
    await this.#remote.described(sdp);
  }

  /** Takes our unanswered offer back. Where that is not known, the next description replaces it. */
  async #rollBack(): Promise<void> {
    if (this.#offerId === undefined) return;
    this.#offerId = undefined;
    this.#wanted = true;
    this.#restart ||= this.#offerRestarts;
    try {
      await this.#pc.setLocalDescription({ type: 'rollback', sdp: '' });
    } catch {
      // Left to implicit rollback.
    }
  }

  /** Sets our description, then sends it ahead of the candidates that it causes. */
  async #describe(type: 'offer' | 'answer', { sdp = '' }: CreatedDescription, offerId?: string): Promise<void> {
    this.#held = [];
    try {
      await this.#pc.setLocalDescription({ type, sdp });
      if (this.#closed) return;
      this.#options.send(type, { type, sdp, offerId });
      for (const candidate of this.#held) this.#options.send('candidate', candidate);
    } finally {
      this.#held = undefined;
    }
  }
}
