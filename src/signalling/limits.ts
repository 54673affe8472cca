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

/** One batch: at most this many bytes of messages, or one message. Keeps a reply within what slow phones take in one window. */
export const MAX_BATCH_BYTES = 256 * 1024;

/** How long a retried request finds the outcome of the first. */
export const IDEMPOTENCY_KEPT_MS = 600_000;

/** How long a dead token is told how its participant went. */
export const GONE_REMEMBERED_MS = 600_000;

/** A participant between two polls still counts as listening. */
export const LISTENING_GRACE_MS = 5_000;

/** Room for a participant's, a token's and a room's rows: what a join adds to the live data. */
export const PARTICIPANT_BYTES = 1_024;

/** Polls per participant: 5 per second with a burst of 50. Faster ones are answered up to 200 ms later. */
export const POLL_INTERVAL_MS = 200;
export const POLL_BURST = 50;
