-- A leave deletes one row and appends one; what is forgotten after 600 s has no index (docs/performance.md).

-- A room has no row: it exists while it has participants, who all carry `room_created_at`.
CREATE TABLE participants_2 (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  room_id          TEXT    NOT NULL,
  participant_id   TEXT    NOT NULL,
  mailbox_id       TEXT    NOT NULL,
  room_created_at  INTEGER NOT NULL,          -- wall clock, Unix ms
  display_name     TEXT,
  metadata         TEXT,                      -- JSON
  joined_at        INTEGER NOT NULL,          -- wall clock, Unix ms
  idle_timeout_ms  INTEGER NOT NULL,
  acknowledged     INTEGER NOT NULL,          -- position
  -- The oldest token; NULL when it is in `tokens` or deleted. States and digests as in `tokens`.
  token_handle     TEXT,
  token_digest     TEXT,
  token_state      TEXT CHECK (token_state IN ('fresh', 'used', 'replaced')),
  -- The idempotency key of the join, until the first use of a token.
  join_scope       TEXT,                      -- hash of room, requested id, credential and key
  join_fingerprint TEXT,
  join_resumed     INTEGER,
  join_forget_at   INTEGER,                   -- steady clock, ms
  UNIQUE (room_id, participant_id)            -- the roster; also what makes a second join of one id impossible
) STRICT;
INSERT INTO participants_2
  SELECT p.id, r.room_id, p.participant_id, p.mailbox_id, r.created_at, p.display_name, p.metadata, p.joined_at,
    p.idle_timeout_ms, p.acknowledged, t.handle, t.digest, t.state, j.scope, j.fingerprint, j.resumed, j.forget_at
  FROM participants p
    JOIN rooms r ON r.id = p.room
    LEFT JOIN tokens t ON t.id = (SELECT min(id) FROM tokens WHERE participant = p.id)
    LEFT JOIN joins j ON j.participant = p.id
  ORDER BY p.id;
-- Numbers of departed participants stay taken.
DELETE FROM sqlite_sequence WHERE name = 'participants_2';
INSERT INTO sqlite_sequence SELECT 'participants_2', seq FROM sqlite_sequence WHERE name = 'participants';

-- `gone` tokens. Append-only, as `sends`: `id` has the order of time, and the oldest rows are deleted together. Found in
-- memory.
CREATE TABLE gone_tokens (
  id             INTEGER PRIMARY KEY,
  handle         TEXT    NOT NULL,
  digest         TEXT    NOT NULL,
  room_id        TEXT    NOT NULL,
  participant_id TEXT    NOT NULL,
  reason         TEXT    NOT NULL,
  forget_at      INTEGER NOT NULL             -- steady clock, ms
) STRICT;
INSERT INTO gone_tokens (handle, digest, room_id, participant_id, reason, forget_at)
  SELECT handle, digest, room_id, participant_id, reason, forget_at FROM tokens WHERE state = 'gone'
  ORDER BY forget_at, id;

-- The further tokens of a participant, after retried joins and takeovers.
ALTER TABLE tokens RENAME TO tokens_1;
CREATE TABLE tokens (
  id          INTEGER PRIMARY KEY,
  participant INTEGER NOT NULL,               -- participants.id
  handle      TEXT    NOT NULL,
  digest      TEXT    NOT NULL,               -- SHA-256 of the secret half
  state       TEXT    NOT NULL CHECK (state IN ('fresh', 'used', 'replaced'))
) STRICT;
INSERT INTO tokens (participant, handle, digest, state)
  SELECT participant, handle, digest, state FROM tokens_1 t
  WHERE participant IS NOT NULL AND id > (SELECT min(id) FROM tokens_1 WHERE participant = t.participant)
  ORDER BY id;
DROP TABLE tokens_1;
CREATE INDEX tokens_by_participant ON tokens (participant);

-- Outcomes of sends with an Idempotency-Key, found again for 600 s. Those of a participant that is gone stay until then.
ALTER TABLE sends RENAME TO sends_1;
CREATE TABLE sends (
  id          INTEGER PRIMARY KEY,
  participant INTEGER NOT NULL,               -- participants.id
  scope       TEXT    NOT NULL,               -- operation and key
  fingerprint TEXT    NOT NULL,
  receipts    TEXT    NOT NULL,               -- JSON
  forget_at   INTEGER NOT NULL                -- steady clock, ms
) STRICT;
INSERT INTO sends (participant, scope, fingerprint, receipts, forget_at)
  SELECT participant, scope, fingerprint, receipts, forget_at FROM sends_1 ORDER BY forget_at, rowid;
DROP TABLE sends_1;

DROP TABLE joins;
DROP TABLE participants;
DROP TABLE rooms;
ALTER TABLE participants_2 RENAME TO participants;
