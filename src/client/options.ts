import type { JoinResult, JsonObject } from '../wire/index.ts';
import type { HoldlineError } from './errors.ts';
import type { PeerConnectionLike } from './peer-connection.ts';
import type { Platform } from './runtime.ts';
import type { StorageLike } from './storage.ts';
import type { TransportFactory } from './transport.ts';

/** How to join a room. Only `roomId` is always needed; `baseUrl` may be omitted on pages of the service itself. */
export interface JoinOptions extends Partial<Platform> {
  /**
   * The service's URL, such as `https://signal.example.org`, with the path under which it is mounted. Default: this
   * origin.
   */
  readonly baseUrl?: string;
  /** 1 to 64 of `A-Z a-z 0-9 _ -`. On a server without access tokens anyone who knows it can join: it is the secret. */
  readonly roomId: string;
  /** 1 to 64 of `A-Z a-z 0-9 _ -`; when omitted, the server chooses one that cannot be guessed. */
  readonly participantId?: string;
  /** A name for people to read, up to 128 characters. */
  readonly displayName?: string;
  /** Anything that the others should know: an object of at most 2,048 bytes of JSON. */
  readonly metadata?: JsonObject;
  /** 1 to 86,400 (300 on an open server); default 60. A long one keeps the mailbox while the app sleeps. */
  readonly idleTimeoutSeconds?: number;
  /** A JWT of your backend, or a function that fetches a fresh one: every join and rejoin needs it. */
  readonly accessToken?: string | (() => string | Promise<string>);
  /**
   * Joins through your own backend instead, such as one that holds an API key, or through `holdline.join` of a service
   * in this process; returns what the server answered. An error whose `problem` is the server's problem document counts
   * as that refusal; any other error is tried again, as a lost request is.
   */
  readonly join?: (request: JoinBody) => Promise<JoinResult>;
  /** How long to keep trying before `joinRoom` rejects with `network`, in milliseconds. Default 30,000. */
  readonly joinTimeoutMs?: number;
  /**
   * Called with the reason of each failed attempt to join that another one follows. Errors that it throws are logged.
   */
  readonly onRetry?: (error: HoldlineError) => void;
  /** Aborts joining, with `closed`. No effect once joined: use `leave()` or `close()`. */
  readonly signal?: AbortSignal;
  /** Where to keep the mailbox for a reload: its token, a credential, and its cursor. Default: nowhere. */
  readonly storage?: StorageLike;
  /** The record's key in the storage. Default: made of the base URL and the room. */
  readonly storageKey?: string;
  /**
   * The longest time that a poll asks to be held, in whole seconds from 1. Default: `limits.defaultWaitSeconds`, 25.
   */
  readonly waitSeconds?: number;
  /**
   * Ways to read the mailbox that take the place of polls where they work, such as `[socket()]` of
   * `holdline/client/socket`. At present only the first is used. Default: none, so the client polls.
   */
  readonly transports?: readonly TransportFactory[];
}

/** The body of `joinRoom` on the wire. */
export interface JoinBody {
  readonly participantId?: string | undefined;
  readonly displayName?: string | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly idleTimeoutSeconds?: number | undefined;
  readonly resume?: boolean | undefined;
}

export interface CallOptions {
  /** How long the call may ring, in milliseconds; then it ends with `invite_timeout`. Default 60,000. */
  readonly ringTimeoutMs?: number;
  /** How long to try to connect, or to reconnect; then it ends with `ice_timeout` or `ice_failed`. Default 30,000. */
  readonly iceTimeoutMs?: number;
  /**
   * Which side gives up its offer when two offers collide; exactly one side must. Default: the participant whose
   * `participantId` sorts later. Set it only for third-party clients that follow another rule.
   */
  readonly polite?: boolean;
}

export interface InviteOptions extends CallOptions {
  /** The `participantId` to call. */
  readonly to: string;
  /** The call owns it from now on, and closes it at the end. Add tracks and data channels at any time. */
  readonly peerConnection: PeerConnectionLike;
  /**
   * 1 to 64 characters, compared without case; a lower-case UUID by default. Set your own when a push notification must
   * name the call.
   */
  readonly callId?: string;
  /** Sent with the invite, such as the kind of call. */
  readonly payload?: JsonObject;
}
