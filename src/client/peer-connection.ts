/**
 * The part of `RTCPeerConnection` that `Call` uses. The classes of browsers, react-native-webrtc and @roamhq/wrtc fit
 * as they are. `Call` does without what older stacks lack: `setLocalDescription()` without an argument, implicit
 * rollback and `restartIce()`.
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
