// The shapes of react-native and react-native-webrtc as far as the example needs them; the packages bring a whole platform along.

declare module 'react-native' {
  export const AppState: {
    addEventListener(type: 'change', listener: (state: string) => void): { remove(): void };
  };
}

declare module 'react-native-webrtc' {
  export class MediaStreamTrack {
    readonly kind: string;
    enabled: boolean;
    stop(): void;
  }

  export class MediaStream {
    readonly id: string;
    getTracks(): MediaStreamTrack[];
  }

  interface SessionDescriptionInit {
    sdp: string;
    type: string | null;
  }

  class RTCSessionDescription {
    get sdp(): string;
    get type(): string | null;
    toJSON(): SessionDescriptionInit;
  }

  type Listener<Event> = (event: Event) => void;

  interface EventMap {
    connectionstatechange: { readonly type: string };
    icecandidate: { readonly candidate: { candidate: string; sdpMid?: string | null } | null };
    iceconnectionstatechange: { readonly type: string };
    negotiationneeded: { readonly type: string };
    track: { readonly streams: MediaStream[]; readonly track: MediaStreamTrack };
  }

  export class RTCPeerConnection {
    constructor(configuration?: {
      iceServers?: { credential?: string; url?: string; urls?: string | string[]; username?: string }[];
    });
    readonly connectionState: 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';
    readonly iceConnectionState: 'new' | 'checking' | 'connected' | 'completed' | 'failed' | 'disconnected' | 'closed';
    localDescription: RTCSessionDescription | null;
    createOffer(options?: {
      iceRestart?: boolean;
      offerToReceiveAudio?: boolean;
      offerToReceiveVideo?: boolean;
    }): Promise<never>;
    createAnswer(): Promise<never>;
    setLocalDescription(description?: RTCSessionDescription | SessionDescriptionInit): Promise<void>;
    setRemoteDescription(description: RTCSessionDescription | SessionDescriptionInit): Promise<void>;
    addIceCandidate(candidate: unknown): Promise<void>;
    addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): unknown;
    addEventListener<Name extends keyof EventMap>(type: Name, listener: Listener<EventMap[Name]>): void;
    removeEventListener<Name extends keyof EventMap>(type: Name, listener: Listener<EventMap[Name]>): void;
    close(): void;
  }

  export const mediaDevices: {
    getUserMedia(constraints: { audio?: boolean; video?: boolean }): Promise<MediaStream>;
  };
}
