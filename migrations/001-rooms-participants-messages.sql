-- A room exists from its first join until its last participant is gone.
CREATE TABLE rooms (
  id         INTEGER PRIMARY KEY,
  room_id    TEXT    NOT NULL UNIQUE,
  created_at INTEGER NOT NULL          -- wall clock, Unix ms
) STRICT;

-- One row is one mailbox incarnation. AUTOINCREMENT: a sender's number in `messages` must never name a later participant.
CREATE TABLE participants (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  room            INTEGER NOT NULL REFERENCES rooms (id),
  participant_id  TEXT    NOT NULL,
  mailbox_id      TEXT    NOT NULL,
  display_name    TEXT,
  metadata        TEXT,                -- JSON
  joined_at       INTEGER NOT NULL,    -- wall clock, Unix ms
  idle_timeout_ms INTEGER NOT NULL,
  acknowledged    INTEGER NOT NULL,    -- position
  UNIQUE (room, participant_id)        -- the roster; also what makes a second join of one id impossible
) STRICT;

-- A pending message, or the gap that it left (payload and times NULL, `expired` > 0) until it is acknowledged.
-- A rowid table with integer keys: measured faster than WITHOUT ROWID and than text keys.
CREATE TABLE messages (
  mailbox    INTEGER NOT NULL REFERENCES participants (id),
  position   INTEGER NOT NULL,         -- max(last + 1, now in microseconds)
  message_id TEXT    NOT NULL,
  sender     INTEGER,                  -- participants.id, who may be gone; NULL for room events
  from_id    TEXT,
  addressed  INTEGER NOT NULL,         -- 1: sent to this mailbox alone; 0: to everyone
  type       TEXT    NOT NULL,
  payload    TEXT,                     -- JSON
  call_id    TEXT,
  sent_at    INTEGER NOT NULL,         -- wall clock, Unix ms
  stored_at  INTEGER NOT NULL,         -- steady clock, ms
  expires_at INTEGER,                  -- steady clock, ms; NULL for room events and gaps
  bytes      INTEGER NOT NULL,
  expired    INTEGER NOT NULL DEFAULT 0,
  UNIQUE (mailbox, position)           -- every read, acknowledgement and departure goes through it
) STRICT;

-- The sweep asks for what is overdue, oldest first; room events and gaps are not in it.
CREATE INDEX messages_by_expiry ON messages (expires_at) WHERE expires_at IS NOT NULL;

-- `fresh` and `used` tokens belong to the participant, `replaced` ones only prove who it is, `gone` ones are remembered.
-- No index on the handle: tokens are looked up in memory, and random keys would scatter each join over the file.
CREATE TABLE tokens (
  id             INTEGER PRIMARY KEY,
  handle         TEXT    NOT NULL,
  digest         TEXT    NOT NULL,     -- SHA-256 of the secret half
  state          TEXT    NOT NULL CHECK (state IN ('fresh', 'used', 'replaced', 'gone')),
  participant    INTEGER REFERENCES participants (id),
  room_id        TEXT    NOT NULL,
  participant_id TEXT    NOT NULL,
  reason         TEXT,
  forget_at      INTEGER               -- steady clock, ms; only for `gone`
) STRICT;
CREATE INDEX tokens_by_participant ON tokens (participant) WHERE participant IS NOT NULL; -- loading a room
CREATE INDEX tokens_by_forget ON tokens (forget_at) WHERE forget_at IS NOT NULL;          -- the sweep

-- Outcomes of requests with an Idempotency-Key, found again for 600 s.
CREATE TABLE sends (
  participant INTEGER NOT NULL REFERENCES participants (id),
  scope       TEXT    NOT NULL,        -- operation and key
  fingerprint TEXT    NOT NULL,
  receipts    TEXT    NOT NULL,        -- JSON
  forget_at   INTEGER NOT NULL,
  PRIMARY KEY (participant, scope)
) STRICT;
CREATE INDEX sends_by_forget ON sends (forget_at);

CREATE TABLE joins (
  scope       TEXT    PRIMARY KEY,     -- hash of room, requested id, credential and key
  fingerprint TEXT    NOT NULL,
  participant INTEGER NOT NULL REFERENCES participants (id),
  resumed     INTEGER NOT NULL,
  forget_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX joins_by_participant ON joins (participant); -- the first use of a token forgets the key
CREATE INDEX joins_by_forget ON joins (forget_at);
