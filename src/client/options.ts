import type { JoinResult, JsonObject } from '../wire/index.ts';
import type { HoldlineError } from './errors.ts';
import type { Platform } from './platform.ts';
import type { StorageLike } from './storage.ts';

/** How to join a room. Only `roomId` is always needed; `baseUrl` may be left out on pages of the service itself. */
export interface JoinOptions extends Partial<Platform> {
  /** Where the service is, such as `https://signal.example.org`, with the path under which it is mounted. Default: this origin. */
  readonly baseUrl?: string;
  /** 1 to 64 of `A-Z a-z 0-9 _ -`. On a server without access tokens, whoever knows it may join: it is the secret. */
  readonly roomId: string;
  /** 1 to 64 of `A-Z a-z 0-9 _ -`; the server chooses one that cannot be guessed when omitted. */
  readonly participantId?: string;
  /** For people to read, to 128 characters. */
  readonly displayName?: string;
  /** Anything the others should know: an object of at most 2,048 bytes of JSON. */
  readonly metadata?: JsonObject;
  /** 1 to 86,400 (300 on an open server); 60 when omitted. A long one keeps a mailbox while the app sleeps. */
  readonly idleTimeoutSeconds?: number;
  /** A JWT of your backend, or a function that fetches a fresh one: it is needed again for every join and rejoin. */
  readonly accessToken?: string | (() => string | Promise<string>);
  /** Joins through your own backend instead, such as one that holds an API key; returns what the server answered. */
  readonly join?: (request: JoinBody) => Promise<JoinResult>;
  /** How long to keep trying before `joinRoom` rejects with `network`, in milliseconds. Default 30,000. */
  readonly joinTimeoutMs?: number;
  /** Called after each failed attempt to join that another one follows, with the reason. What it throws disturbs nothing. */
  readonly onRetry?: (error: HoldlineError) => void;
  /** Aborts joining, with `closed`. It has no say afterwards: use `leave()` or `close()`. */
  readonly signal?: AbortSignal;
  /** Where to keep the mailbox for a reload: its token, a credential, and its cursor. Default: nowhere. */
  readonly storage?: StorageLike;
  /** The record in the storage. Default: made of the base URL and the room. */
  readonly storageKey?: string;
  /** The longest a poll asks to be held, in whole seconds from 1. Default: the server's (`limits.defaultWaitSeconds`, 25). */
  readonly waitSeconds?: number;
}

/** The body of `joinRoom` on the wire. */
export interface JoinBody {
  readonly participantId?: string | undefined;
  readonly displayName?: string | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly idleTimeoutSeconds?: number | undefined;
  readonly resume?: boolean | undefined;
}
