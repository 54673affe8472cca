import wrtc from '@roamhq/wrtc';
import { onCleanUp } from './clean-up.ts';

export interface SessionDescription {
  readonly type: string;
  readonly sdp: string;
}

export interface Candidate {
  readonly candidate: string;
  readonly sdpMid?: string | null;
  readonly sdpMLineIndex?: number | null;
}

export interface DataChannel {
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed';
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  send(text: string): void;
}

/** The used part of `RTCPeerConnection`. The types of the package need those of the DOM. */
export interface PeerConnection {
  readonly localDescription: SessionDescription | null;
  readonly connectionState: string;
  onicecandidate: ((event: { readonly candidate: { toJSON(): Candidate } | null }) => void) | null;
  onconnectionstatechange: (() => void) | null;
  ondatachannel: ((event: { readonly channel: DataChannel }) => void) | null;
  createDataChannel(label: string): DataChannel;
  createOffer(): Promise<SessionDescription>;
  createAnswer(): Promise<SessionDescription>;
  setLocalDescription(description: SessionDescription): Promise<void>;
  setRemoteDescription(description: SessionDescription): Promise<void>;
  addIceCandidate(candidate: Candidate): Promise<void>;
  close(): void;
}

/** The used part of `RTCConfiguration`. */
export interface Configuration {
  readonly iceServers?: readonly {
    readonly urls: readonly string[];
    readonly username?: string;
    readonly credential?: string;
  }[];
  readonly iceTransportPolicy?: 'all' | 'relay';
}

const { RTCPeerConnection } = wrtc as unknown as { RTCPeerConnection: new (given: Configuration) => PeerConnection };

/** A connection of the real libwebrtc, which clean-up closes. */
export function openPeerConnection(configuration: Configuration = {}): PeerConnection {
  const connection = new RTCPeerConnection(configuration);
  onCleanUp(() => connection.close());
  return connection;
}
