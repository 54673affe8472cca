import type { Candidate, Description, PeerConnectionLike } from '../../../src/client/index.ts';

type Handler = (event: unknown) => void;

/**
 * A peer connection that keeps the rules of JSEP (RFC 8829, section 3.2) and nothing more: no implicit rollback, no
 * `setLocalDescription()` without argument, no `restartIce()`. Breaking a rule rejects.
 */
export class FakePeer implements PeerConnectionLike {
  readonly log: string[] = [];
  readonly added: string[] = [];
  /** As they were added, the ends of candidates among them. */
  readonly candidates: Candidate[] = [];
  /** How often a method still fails. */
  readonly failures = new Map<string, number>();
  connectionState?: string;
  iceConnectionState = 'new';
  state: 'stable' | 'have-local-offer' | 'have-remote-offer' | 'closed' = 'stable';
  /** Whether `setLocalDescription({ type: 'rollback' })` is known; when not, a remote offer rolls back by itself. */
  knowsRollback = true;
  /** Whether a roll-back makes `negotiationneeded` fire, as in browsers (WebRTC 1.0, section 4.4.1.5). */
  firesAfterRollback = false;
  offersAtOnce = 0;
  readonly #name: string;
  readonly #listeners = new Map<string, Set<Handler>>();
  #offersNow = 0;
  #generation = 1;
  #remoteUfrag: string | undefined;

  /** @param hasConnectionState not in older stacks */
  constructor(name: string, hasConnectionState = true) {
    this.#name = name;
    if (hasConnectionState) this.connectionState = 'new';
  }

  get ufrag(): string {
    return `${this.#name}${this.#generation}`;
  }

  async createOffer(options?: { iceRestart?: boolean }): Promise<Description> {
    this.#offersNow += 1;
    this.offersAtOnce = Math.max(this.offersAtOnce, this.#offersNow);
    await turn();
    this.#offersNow -= 1;
    this.#failIfTold('createOffer');
    if (options?.iceRestart === true) this.#generation += 1;
    this.log.push(options?.iceRestart === true ? 'restart' : 'offer');
    return { type: 'offer', sdp: this.#sdp() };
  }

  async createAnswer(): Promise<Description> {
    await turn();
    this.#failIfTold('createAnswer');
    this.#require('have-remote-offer');
    return { type: 'answer', sdp: this.#sdp() };
  }

  async setLocalDescription({ type }: Description): Promise<void> {
    await turn();
    if (type === 'rollback') {
      this.#rollBack();
      return;
    }
    this.#failIfTold('setLocalDescription');
    this.#require(...(type === 'offer' ? (['stable', 'have-local-offer'] as const) : (['have-remote-offer'] as const)));
    this.state = type === 'offer' ? 'have-local-offer' : 'stable';
    // Candidates are found while the description is still being set, and belong behind it all the same.
    this.fire('icecandidate', { candidate: new FakeCandidate(`candidate:1 ufrag ${this.ufrag}`) });
    await turn();
    if (type === 'answer') this.log.push('answer');
  }

  async setRemoteDescription({ type, sdp }: Description): Promise<void> {
    await turn();
    if (type === 'rollback') {
      this.#require('have-remote-offer');
      this.state = 'stable';
      return;
    }
    this.#failIfTold('setRemoteDescription');
    if (type === 'offer' && !this.knowsRollback && this.state === 'have-local-offer') this.state = 'stable';
    this.#require(type === 'offer' ? 'stable' : 'have-local-offer');
    this.#remoteUfrag = /a=ice-ufrag:(\S+)/.exec(sdp)?.[1];
    this.state = type === 'offer' ? 'have-remote-offer' : 'stable';
  }

  async addIceCandidate(init: Candidate): Promise<void> {
    const { candidate } = init;
    await turn();
    this.candidates.push(init);
    if (this.#remoteUfrag === undefined) throw new Error('no remote description');
    if (!candidate.endsWith(`ufrag ${this.#remoteUfrag}`)) throw new Error(`unknown ufrag in "${candidate}"`);
    this.added.push(candidate);
  }

  close(): void {
    this.state = 'closed';
  }

  addEventListener(name: string, listener: Handler): void {
    this.#listeners.set(name, (this.#listeners.get(name) ?? new Set()).add(listener));
  }

  removeEventListener(name: string, listener: Handler): void {
    this.#listeners.get(name)?.delete(listener);
  }

  fire(name: string, event: object = {}): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(event);
  }

  become(state: string): void {
    const hasConnectionState = this.connectionState !== undefined;
    if (hasConnectionState) this.connectionState = state;
    else this.iceConnectionState = state;
    this.fire(hasConnectionState ? 'connectionstatechange' : 'iceconnectionstatechange');
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #rollBack(): void {
    if (!this.knowsRollback) throw new TypeError('"rollback" is not a valid enum value');
    this.#require('have-local-offer');
    this.state = 'stable';
    this.log.push('rollback');
    if (this.firesAfterRollback) this.fire('negotiationneeded');
  }

  #failIfTold(method: string): void {
    const times = this.failures.get(method) ?? 0;
    this.failures.set(method, times - 1);
    if (times > 0) throw new Error(`${method} failed`);
  }

  #sdp(): string {
    return `v=0\r\na=ice-ufrag:${this.ufrag}\r\n`;
  }

  #require(...states: readonly string[]): void {
    if (!states.includes(this.state)) throw new Error(`InvalidStateError: ${this.state}`);
  }
}

/** As react-native-webrtc has it: no `usernameFragment`. */
class FakeCandidate {
  readonly sdpMid = '0';
  readonly sdpMLineIndex = 0;
  readonly candidate: string;

  constructor(candidate: string) {
    this.candidate = candidate;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
