/**
 * Durations and bounds of the client. They stand in a module of their own because bundlers inline constants only from a
 * module without imports.
 * perf: 170 bytes of the bundle.
 */

// Requests and retries

export const REQUEST_TIMEOUT_MS = 15_000;
/** A request that takes longer, and is no poll, may be waiting for a connection. */
export const SLOW_REQUEST_MS = 800;
/**
 * Bounds of the ceiling for a pause. Between them the ceiling is the age of the outage: a server back after 3 s is
 * found within 3 s.
 */
export const MIN_BACKOFF_CEILING_MS = 1_000;
export const MAX_BACKOFF_CEILING_MS = 5_000;
export const JOIN_TIMEOUT_MS = 30_000;
/** An outage that is longer is an `error`. A server's restart and a phone's change of networks take less. */
export const SHORT_OUTAGE_MS = 10_000;
/** A server that forgets a participant again this soon has not lost its store: another client joins under its name. */
export const FORGOTTEN_SOON_MS = 60_000;
/** How long `leave` is retried; after that, the participant leaves by its idle time. */
export const LEAVE_MS = 2_000;
export const LEAVE_ATTEMPT_MS = 3_000;
/** Refusals of one send by a proxy, in a row, after which it fails: a single one may be an accident. */
export const MAX_REFUSED = 3;

// Polls

/**
 * The most that the service allows (`maxReceiveBatch`), so that an invite and the message that takes it back come
 * together.
 */
export const POLL_BATCH = 100;
/** Time for request and answer to travel, beyond `wait`. A poll without an answer by then is given up. */
export const POLL_GRACE_MS = 8_000;
/** Share of `wait` from which a poll counts as held to its end. The server holds polls up to 10 % shorter. */
export const HELD_SHARE = 0.8;
/** The service's rate limit for polls, 5 a second, and its burst: a client within it is never slowed down. */
export const POLL_INTERVAL_MS = 200;
export const POLL_BURST = 50;
/** `wait` of polls while tabs compete for connections. */
export const CROWDED_WAIT_SECONDS = 5;
/** `wait` of polls while a request needs a connection: long enough not to burden a slow server. */
export const SHORT_WAIT_SECONDS = 1;
/** A cut sooner than this could become a loop, so the client backs off. */
export const QUICK_CUT_MS = 2_000;
/** Two cuts teach the window. If the next poll is cut as well, the cause is no proxy's limit. */
export const CUTS_TO_LEARN = 3;
/**
 * Superseded polls, without one held to its end between them, that show another client with this token: one of the two
 * must stop.
 */
export const MAX_SUPERSEDED = 3;
/** A poll that is superseded so soon after a change of transports may have been superseded by this client itself. */
export const OWN_CHANGE_MS = 10_000;
/** How long `leave()` waits for the answer to the poll in flight, so that its connection need not be closed. */
export const LAST_POLL_MS = 1_000;
/** Enough ids for a full mailbox with its room events, should all of it be delivered again. */
export const SEEN_MESSAGE_IDS = 1_024;
/** How long polls stay short after a request needed a connection: time for a call to connect. */
export const SHORT_POLLS_MS = 4_000;
/** With so many other mailboxes, polls alone take all connections. */
export const MANY_OTHERS = 5;

// Sockets

/** Time for a socket to open and to bring both echoes. The server sends the second one after 2 s. */
export const SOCKET_PROOF_MS = 10_000;
export const SOCKET_PADDING_CHARACTERS = 2_048;
/** Time for the first batch, which the server sends at once. Meanwhile there may be no poll. */
export const SOCKET_FIRST_BATCH_MS = 5_000;
/** How much later than the server's heartbeat a batch may come. */
export const SOCKET_SILENCE_MS = 15_000;
/** Attempts in a row that prove nothing, after which no other one is made for half an hour. */
export const MAX_SOCKET_FAILURES = 3;
export const SOCKET_CLOSED_MS = 30 * 60_000;
/** Minimum time between two attempts, and between two promotions. */
export const SOCKET_INTERVAL_MS = 60_000;
/** Jitter: clients that lost their sockets together do not open new ones together. */
export const SOCKET_JITTER_MS = 30_000;
export const SOCKET_FIRST_JITTER_MS = 1_000;

// The page and its storage

/** How often to check whether time has jumped, and the gap between two checks that counts as sleep. */
export const SLEEP_CHECK_MS = 5_000;
export const SLEEP_MS = 15_000;
/** A page whose timers still fire this long after `pagehide` has not gone: iOS fires it without unloading the page. */
export const STILL_HERE_MS = 1_000;
/** A page that is being reloaded may hold its lock for a moment after the new one has started. */
export const LOCK_WAIT_MS = 1_000;
/** How long `leave()` waits for pending messages, such as a `hangup`. */
export const FLUSH_MS = 2_000;

// Calls

export const RING_TIMEOUT_MS = 60_000;
export const ICE_TIMEOUT_MS = 30_000;
/** Bounds what a caller can send before `accept()`: an offer and its candidates are some dozens. */
export const MAX_EARLY_MESSAGES = 128;
/** A message of the next batch may take back an invite that is older than this. */
export const STALE_INVITE_MS = 5_000;
/** The longest that a stale invite waits for that batch before it rings. */
export const STALE_INVITE_WAIT_MS = 3_000;
/** Minimum time between two replies to messages of one unknown call. */
export const UNKNOWN_CALL_REPLY_MS = 60_000;
/** Bounds the memory that messages with ever new call ids can take. */
export const MAX_ENDED_CALLS = 1_000;
/**
 * A candidate waits this long for further ones, so that they share a request. Chromium finds the host candidates of a
 * call within 5 ms.
 * perf: 26 requests per call instead of 30; 30 ms would save no more, and connect 20 ms later.
 */
export const CANDIDATE_GATHERING_MS = 10;
/**
 * How long an offer may stay unanswered once the call has been connected. Longer than the 8 s between two ICE restarts,
 * which replace such an offer themselves.
 */
export const ANSWER_TIMEOUT_MS = 10_000;
/** The pause after a failed offer: browsers fire `negotiationneeded` again at once. */
export const OFFER_PAUSE_MS = 30_000;
/** A lost connection often comes back by itself within seconds, as when a phone changes cells. */
export const DISCONNECTED_GRACE_MS = 4_000;
/** The polite side leaves the first restart to the other side: two at once would collide. */
export const POLITE_EXTRA_MS = 2_000;
/** Time between two ICE restarts: gathering and checks over a slow TURN server take some seconds. */
export const ICE_RESTART_MS = 8_000;
/** The side that called waits this long before it calls again. */
export const MESH_RETRY_MS = 3_000;
/** The called side, and a side that could not open a connection, waits this long. */
export const MESH_SLOW_RETRY_MS = 9_000;
/** Minimum time between two connections to one participant. */
export const MESH_PACE_MS = 3_000;
