import type { RateLimit } from './rate-limit.ts';

/** Limits that operators set. Each comment names the attack or accident that the limit stops. */
export interface Limits {
  /** Unbounded rooms: every broadcast costs one copy per participant. */
  readonly maxParticipantsPerRoom: number;
  /** A sender that floods a mailbox whose owner is slow or gone. */
  readonly maxMailboxMessages: number;
  readonly maxMailboxBytes: number;
  /** Many senders that fill the disk together. Counts live data only. */
  readonly maxStoreBytes: number;
  /** Idle connections that fill the memory of a process: held polls and sockets. Per process. */
  readonly maxHeldPolls: number;
}

/** Per mailbox, in addition to its messages: a full mailbox still receives joins and departures. */
export const MAX_ROOM_EVENTS = 128;

/** Per mailbox. Up to this number each expired message has a tombstone, so that `expired` is exact for every cursor. */
export const MAX_TOMBSTONES = 1_024;

/** Per batch, unless a single message is larger. A slow phone can download such a batch within one window. */
export const MAX_BATCH_BYTES = 256 * 1024;

/** Retries within this time get the response of the first request. */
export const IDEMPOTENCY_KEPT_MS = 600_000;

/**
 * The newest unused tokens kept per participant; applies separately to the tokens of a repeated join and to those that
 * takeovers replaced. Stops lost replies and endlessly repeated joins from filling the store with tokens.
 */
export const MAX_UNUSED_TOKENS = 8;

/** Free replays of one keyed join per minute. Retries after lost replies need fewer. */
export const FREE_JOIN_REPLAYS = 8;
export const FREE_JOIN_REPLAYS_WINDOW_MS = 60_000;

/** How long requests with the token of a departed participant get the reason of the departure. */
export const GONE_REMEMBERED_MS = 600_000;

/** How long a participant counts as listening after an answered poll. */
export const LISTENING_GRACE_MS = 5_000;

/** The same after the connection of a held poll closed. A client that changes networks polls again within this time. */
export const RECONNECT_GRACE_MS = 1_000;

/** What a join adds to the live data: estimate for the rows of a participant, its token and its room. */
export const PARTICIPANT_BYTES = 1_024;

/**
 * Stops one participant from filling the disk and the mailboxes of others; a burst of candidates for several peers
 * passes. Per participant; a batch counts as many times as it has messages.
 */
export const messageRate = (perSecond: number): RateLimit => ({
  name: 'messages',
  quota: perSecond * 4,
  windowMs: 4_000,
});

/** Stops mass creation of rooms and mailboxes, and guessing of participant ids. Per client address or subject. */
export const joinRate = (perMinute: number): RateLimit => ({
  name: 'joins',
  quota: perMinute,
  windowMs: 60_000,
});

/** Stops guessing of tokens and keys. Per client address; requests with a valid credential do not count. */
export const failedAuthenticationRate = (perMinute: number): RateLimit => ({
  name: 'authentication',
  quota: perMinute,
  windowMs: 60_000,
});

/** 5 a second, with a burst of 50. Stops amplification: a request of 50 bytes may return a roster of some 100 KB. */
export const rosterRate = (isLimited: boolean): RateLimit => ({
  name: 'roster',
  quota: isLimited ? 50 : Infinity,
  windowMs: 10_000,
});

/** Stops one address from filling the store with live participants. Per process, in open mode. */
export const MAX_PARTICIPANTS_PER_ADDRESS = 1_000;

/** Minimum length of a random key that brute force cannot find: 16 characters of base64 are 96 bits. */
export const UNGUESSABLE_CHARACTERS = 16;
