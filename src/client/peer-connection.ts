import type { JsonObject } from '../wire/index.ts';
import { listen } from './listen.ts';

/**
 * The part of `RTCPeerConnection` that `Call` uses. Those of browsers, react-native-webrtc and @roamhq/wrtc fit as they are.
 * Nothing is asked of it that older ones lack: no `setLocalDescription()` without argument, no implicit rollback, no
 * `restartIce()`.
 */
export interface PeerConnectionLike {
  readonly connectionState?: string;
  /** Used where there is no `connectionState`: older react-native-webrtc, Firefox before 113. */
  readonly iceConnectionState?: string;
  createOffer(options?: { iceRestart?: boolean }): Promise<CreatedDescription>;
  createAnswer(): Promise<CreatedDescription>;
  setLocalDescription(description: Description): Promise<void>;
  setRemoteDescription(description: Description): Promise<void>;
  addIceCandidate(candidate: Candidate): Promise<void>;
  close(): void;
  addEventListener(type: string, listener: (event: unknown) => void): void;
  removeEventListener(type: string, listener: (event: unknown) => void): void;
}

export interface CreatedDescription {
  readonly type: string | null;
  readonly sdp?: string | undefined;
}

export interface Description {
  type: 'offer' | 'answer' | 'pranswer' | 'rollback';
  sdp: string;
}

/** `RTCIceCandidateInit` (WebRTC 1.0, section 4.8.1). */
export interface Candidate {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

interface CandidateEvent {
  readonly candidate: Candidate | null;
}

export interface PeerListeners {
  readonly negotiationneeded: () => void;
  readonly icecandidate: (candidate: JsonObject) => void;
  readonly linkchange: () => void;
}

/** Listens to what a call needs to know. @returns a function that ends it */
export function listenTo(pc: PeerConnectionLike, listeners: PeerListeners): () => void {
  const endings = [
    listen(pc, 'negotiationneeded', listeners.negotiationneeded),
    listen(pc, 'icecandidate', (event) => listeners.icecandidate(fieldsOf((event as CandidateEvent).candidate))),
    listen(pc, 'connectionstatechange', listeners.linkchange),
    listen(pc, 'iceconnectionstatechange', listeners.linkchange),
  ];
  return () => endings.forEach((end) => end());
}

/** The `connectionState` of WebRTC 1.0, section 4.4.3, also of stacks that only have the state of ICE. */
export function linkStateOf({ connectionState, iceConnectionState }: PeerConnectionLike): string | undefined {
  return connectionState ?? (iceConnectionState === 'completed' ? 'connected' : iceConnectionState);
}

/** Only what `RTCIceCandidateInit` has: some candidates carry more, some have no `toJSON`. No candidate: the end of them. */
function fieldsOf(candidate: Candidate | null): JsonObject {
  const { candidate: text = '', sdpMid, sdpMLineIndex, usernameFragment } = candidate ?? {};
  return { candidate: text, sdpMid, sdpMLineIndex, usernameFragment };
}
