import type { JsonObject } from '../wire/index.ts';
import type { CallEnd, CallState } from './call-state.ts';
import type { ErrorEvents } from './events.ts';
import type { PeerConnectionLike } from './peer-connection.ts';

export interface CallEvents extends ErrorEvents {
  state: CallState;
  /** The last event. */
  ended: CallEnd;
}

export interface CallOptions {
  /** How long it may ring, in milliseconds; then it ends with `invite_timeout`. Default 60,000. */
  readonly ringTimeoutMs?: number;
  /** How long to try to connect, or to reconnect; then it ends with `ice_timeout` or `ice_failed`. Default 30,000. */
  readonly iceTimeoutMs?: number;
  /**
   * Which side gives up its offer when two meet; exactly one must. By default the one whose `participantId` sorts later. Set it
   * only for peers that follow another rule.
   */
  readonly polite?: boolean;
}

export interface InviteOptions extends CallOptions {
  /** The `participantId` to call. */
  readonly to: string;
  /** The call owns it from now on, and closes it at the end. Add tracks and data channels before or after, as you like. */
  readonly peerConnection: PeerConnectionLike;
  /** 1 to 64 characters; a lower-case UUID by default. Case does not tell two calls apart. Give your own when a push notification must name the call. */
  readonly callId?: string;
  /** Sent with the invite: such as what kind of call it is. */
  readonly payload?: JsonObject;
}
