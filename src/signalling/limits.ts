import type { RateLimit } from './rate-limit.ts';

/** Bounds that operators set. Each stops the attack or accident that it names. */
export interface Limits {
  /** A room that never stops growing: every broadcast costs one copy per participant. */
  readonly maxParticipantsPerRoom: number;
  /** One sender that floods a mailbox whose owner is slow or gone. */
  readonly maxMailboxMessages: number;
  readonly maxMailboxBytes: number;
  /** Many senders that fill the disk together. Live data only. */
  readonly maxStoreBytes: number;
  /** Idle connections that eat the process's memory. Per process. */
  readonly maxHeldPolls: number;
}

/** Room events have an allowance of their own, so that a full mailbox still learns who came and went. */
export const MAX_ROOM_EVENTS = 128;

/** Per mailbox. Up to this number each expired message has a tombstone, so that `expired` is exact for every cursor. */
export const MAX_TOMBSTONES = 1_024;

/** One batch: at most this many bytes of messages, or one message. Keeps a reply within what slow phones take in one window. */
export const MAX_BATCH_BYTES = 256 * 1024;

/** How long a retried request finds the outcome of the first. */
export const IDEMPOTENCY_KEPT_MS = 600_000;

/**
 * How many unused tokens of one participant are kept, the newest ones: those of a repeated join, and those that
 * takeovers replaced. Stops lost replies and endlessly repeated joins from filling the store with tokens.
 */
export const MAX_UNUSED_TOKENS = 8;

/** Free replays of one keyed join per minute. Retries after lost replies need fewer. */
export const FREE_JOIN_REPLAYS = 8;
export const FREE_JOIN_REPLAYS_WINDOW_MS = 60_000;

/** How long a dead token is told how its participant went. */
export const GONE_REMEMBERED_MS = 600_000;

/** How long a participant counts as listening after an answered poll. */
export const LISTENING_GRACE_MS = 5_000;

/** The same after the connection of a held poll closed. A client that changes its network polls again within this time. */
export const RECONNECT_GRACE_MS = 1_000;

/** Room for a participant's, a token's and a room's rows: what a join adds to the live data. */
export const PARTICIPANT_BYTES = 1_024;

/**
 * Stops one participant from filling everyone's mailboxes and the disk; a burst of candidates from several peers passes. Per
 * participant, a batch counts its messages.
 */
export const messageRate = (perSecond: number): RateLimit => ({
  name: 'messages',
  quota: perSecond * 4,
  windowMs: 4_000,
});

/** Stops rooms and mailboxes made by the thousand, and guessing which participants exist. Per client address or subject. */
export const joinRate = (perMinute: number): RateLimit => ({
  name: 'joins',
  quota: perMinute,
  windowMs: 60_000,
});

/** Stops guessing tokens and keys. Per client address; requests with a valid credential are not affected. */
export const failedAuthenticationRate = (perMinute: number): RateLimit => ({
  name: 'authentication',
  quota: perMinute,
  windowMs: 60_000,
});

/** Stops a participant from reading the full roster, some 100 KB, at 50 bytes a request: 5 a second, a burst of 50. */
export const rosterRate = (isLimited: boolean): RateLimit => ({
  name: 'roster',
  quota: isLimited ? 50 : Infinity,
  windowMs: 10_000,
});

/** Stops one address from filling the store with live participants. Per process, in open mode. */
export const MAX_PARTICIPANTS_PER_ADDRESS = 1_000;

/** A random key of so many characters cannot be found by trying, however fast: 16 of base64 are 96 bits. */
export const UNGUESSABLE_CHARACTERS = 16;
