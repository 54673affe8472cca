import type { Candidate, CreatedDescription, Description, PeerConnectionLike } from '../../../src/client/index.ts';
import { openConnection, type RealPeerConnection } from './rtc.ts';

interface CandidateFields {
  readonly candidate: string;
  readonly sdpMid?: string | null;
  readonly sdpMLineIndex?: number | null;
}

/** What react-native-webrtc hands out: no `usernameFragment`. */
class ReactNativeCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;

  constructor({ candidate, sdpMid, sdpMLineIndex }: CandidateFields) {
    this.candidate = candidate;
    this.sdpMid = sdpMid ?? null;
    this.sdpMLineIndex = sdpMLineIndex ?? null;
  }

  toJSON(): CandidateFields {
    const { candidate, sdpMid, sdpMLineIndex } = this;
    return { candidate, sdpMid, sdpMLineIndex };
  }
}

/** Events reach JavaScript over a bridge, and properties change with them. */
const BRIDGE_MS = 5;

/**
 * A real connection in the shape of react-native-webrtc: events and properties lag behind what happened, descriptions are
 * plain objects, candidates have fewer fields, the end of candidates cannot be added, and there is `addStream` but no
 * `restartIce()`.
 */
export class ReactNativePeer implements PeerConnectionLike {
  readonly #real: RealPeerConnection = openConnection();
  readonly #events = new EventTarget();
  connectionState = 'new';
  signalingState = 'stable';
  localDescription: CreatedDescription | null = null;

  constructor() {
    for (const name of ['negotiationneeded', 'icecandidate', 'connectionstatechange', 'signalingstatechange']) {
      (this.#real as unknown as EventTarget).addEventListener(name, (event) => this.#bridge(name, event));
    }
  }

  get real(): RealPeerConnection {
    return this.#real;
  }

  /** As old apps add their camera. */
  addStream(): void {
    this.#real.addTransceiver('audio');
  }

  createOffer(options?: { iceRestart?: boolean }): Promise<CreatedDescription> {
    return this.#real.createOffer(options);
  }

  createAnswer(): Promise<CreatedDescription> {
    return this.#real.createAnswer();
  }

  async setLocalDescription(description: Description): Promise<void> {
    await this.#real.setLocalDescription(description);
    this.localDescription = this.#real.localDescription;
  }

  setRemoteDescription(description: Description): Promise<void> {
    return this.#real.setRemoteDescription(description);
  }

  async addIceCandidate(candidate: Candidate): Promise<void> {
    if (candidate.candidate !== '') await this.#real.addIceCandidate(candidate);
  }

  close(): void {
    this.#real.close();
  }

  addEventListener(name: string, listener: (event: never) => void): void {
    this.#events.addEventListener(name, listener as unknown as EventListener);
  }

  removeEventListener(name: string, listener: (event: never) => void): void {
    this.#events.removeEventListener(name, listener as unknown as EventListener);
  }

  #bridge(name: string, event: unknown): void {
    const { connectionState, signalingState } = this.#real;
    const { candidate } = event as { candidate?: CandidateFields | null };
    setTimeout(() => {
      this.connectionState = connectionState;
      this.signalingState = signalingState;
      const fields = candidate ? { candidate: new ReactNativeCandidate(candidate) } : { candidate: null };
      this.#events.dispatchEvent(Object.assign(new Event(name), fields));
    }, BRIDGE_MS);
  }
}

type EventListener = Parameters<EventTarget['addEventListener']>[1];
