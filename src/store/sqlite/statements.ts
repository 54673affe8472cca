import type Database from 'better-sqlite3';

export interface ParticipantRow {
  id: number;
  room: number;
  room_id: string;
  participant_id: string;
  mailbox_id: string;
  display_name: string | null;
  metadata: string | null;
  joined_at: number;
  idle_timeout_ms: number;
  acknowledged: number;
  head: number | null;
  messages: number;
  message_bytes: number;
  events: number;
  event_bytes: number;
  gaps: number;
  expires_from: number | null;
  has_join_key: number;
  kept_bytes: number;
}

export interface TokenRow {
  id: number;
  handle: string;
  digest: string;
  state: 'fresh' | 'used' | 'replaced' | 'gone';
  participant: number | null;
  room_id: string;
  participant_id: string;
  reason: string | null;
  forget_at: number | null;
}

export interface MessageRow {
  position: number;
  message_id: string;
  from_id: string | null;
  addressed: number;
  type: string;
  payload: string | null;
  call_id: string | null;
  sent_at: number;
  stored_at: number;
  expires_at: number | null;
  bytes: number;
  expired: number;
}

export interface OverdueRow {
  rowid: number;
  mailbox: number;
  position: number;
  message_id: string;
  sender: number;
  type: string;
  call_id: string | null;
  bytes: number;
}

export interface RemovedRow {
  position: number;
  sender: number | null;
  bytes: number;
  expired: number;
}

// Gaps have expired > 0, room events have no sender.
const PARTICIPANTS = `
  SELECT p.*, r.room_id, max(m.position) AS head,
    count(m.rowid) FILTER (WHERE m.expired = 0 AND m.sender IS NOT NULL) AS messages,
    coalesce(sum(m.bytes) FILTER (WHERE m.expired = 0 AND m.sender IS NOT NULL), 0) AS message_bytes,
    count(m.rowid) FILTER (WHERE m.expired = 0 AND m.sender IS NULL) AS events,
    coalesce(sum(m.bytes) FILTER (WHERE m.expired = 0 AND m.sender IS NULL), 0) AS event_bytes,
    count(m.rowid) FILTER (WHERE m.expired > 0) AS gaps,
    min(m.expires_at) AS expires_from,
    EXISTS (SELECT 1 FROM joins j WHERE j.participant = p.id) AS has_join_key,
    (SELECT coalesce(sum(length(s.receipts)), 0) FROM sends s WHERE s.participant = p.id) AS kept_bytes
  FROM participants p JOIN rooms r ON r.id = p.room LEFT JOIN messages m ON m.mailbox = p.id`;

const OVERDUE = 'SELECT rowid, mailbox, position, message_id, sender, type, call_id, bytes FROM messages';

/** A prepared statement with parameters P and rows R. */
interface Statement<P extends unknown[], R> {
  run(...parameters: P): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  get(...parameters: P): R | undefined;
  all(...parameters: P): R[];
  iterate(...parameters: P): Iterable<R>;
}

/** Every statement of the adapter, prepared once. */
export function prepareStatements(db: Database.Database) {
  const prepare = <P extends unknown[], R = never>(sql: string): Statement<P, R> => db.prepare<P, R>(sql);
  return {
    allParticipants: prepare<[], ParticipantRow>(`${PARTICIPANTS} GROUP BY p.id ORDER BY p.id`),
    participantsOf: prepare<[string], ParticipantRow>(
      `${PARTICIPANTS} WHERE r.room_id = ? GROUP BY p.id ORDER BY p.id`,
    ),
    allTokens: prepare<[], TokenRow>('SELECT * FROM tokens'),
    tokensOf: prepare<[number], TokenRow>('SELECT * FROM tokens WHERE participant = ?'),

    insertRoom: prepare<[string, number]>('INSERT INTO rooms (room_id, created_at) VALUES (?, ?)'),
    roomsBehind: prepare<[string, number], { room_id: string; created_at: number }>(
      'SELECT room_id, created_at FROM rooms WHERE room_id > ? ORDER BY room_id LIMIT ?',
    ),
    deleteRoom: prepare<[number]>('DELETE FROM rooms WHERE id = ?'),

    insertParticipant: prepare<[number, string, string, string | null, string | null, number, number]>(
      `INSERT INTO participants (room, participant_id, mailbox_id, display_name, metadata, joined_at, idle_timeout_ms, acknowledged)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
    ),
    updateProfile: prepare<[string | null, string | null, number, number]>(
      'UPDATE participants SET display_name = ?, metadata = ?, idle_timeout_ms = ? WHERE id = ?',
    ),
    unnameParticipant: prepare<[number]>(`UPDATE participants SET participant_id = '' WHERE id = ?`),
    deleteParticipant: prepare<[number]>('DELETE FROM participants WHERE id = ?'),

    insertMessage: prepare<
      [
        number,
        number,
        string,
        number | null,
        string | null,
        number,
        string,
        string | null,
        string | null,
        number,
        number,
        number | null,
        number,
      ]
    >(
      `INSERT INTO messages
         (mailbox, position, message_id, sender, from_id, addressed, type, payload, call_id, sent_at, stored_at, expires_at, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    readMessages: prepare<[number, number, number], MessageRow>(
      `SELECT position, message_id, from_id, addressed, type, payload, call_id, sent_at, stored_at, expires_at, bytes, expired
       FROM messages WHERE mailbox = ? AND position > ? ORDER BY position LIMIT ?`,
    ),
    setAcknowledged: prepare<[number, number]>('UPDATE participants SET acknowledged = ? WHERE id = ?'),
    deleteUpTo: prepare<[number, number]>('DELETE FROM messages WHERE mailbox = ? AND position <= ?'),
    removeUpTo: prepare<[number, number], RemovedRow>(
      'DELETE FROM messages WHERE mailbox = ? AND position <= ? RETURNING position, sender, bytes, expired',
    ),
    unread: prepare<[number, number], { type: string; position: number }>(
      'SELECT type, position FROM messages WHERE mailbox = ? AND position > ? AND sender IS NOT NULL AND expired = 0',
    ),
    deleteMailbox: prepare<[number]>('DELETE FROM messages WHERE mailbox = ?'),

    lastOverdue: prepare<[number, number], OverdueRow>(
      `${OVERDUE} WHERE expires_at <= ? ORDER BY expires_at DESC LIMIT ?`,
    ),
    overdueOf: prepare<[number, number], OverdueRow>(
      `${OVERDUE} WHERE mailbox = ? AND expires_at <= ? ORDER BY expires_at`,
    ),
    earliestExpiry: prepare<[], { at: number | null }>(
      'SELECT min(expires_at) AS at FROM messages WHERE expires_at IS NOT NULL',
    ),
    makeGap: prepare<[number]>(
      'UPDATE messages SET payload = NULL, expires_at = NULL, bytes = 0, expired = 1 WHERE rowid = ?',
    ),
    oldestEvent: prepare<[number, number], { rowid: number; bytes: number }>(
      'SELECT rowid, bytes FROM messages WHERE mailbox = ? AND position > ? AND sender IS NULL AND expired = 0 ORDER BY position LIMIT 1',
    ),
    gapsAndMessages: prepare<[number, number], { rowid: number; expired: number }>(
      'SELECT rowid, expired FROM messages WHERE mailbox = ? AND position > ? ORDER BY position',
    ),
    setGap: prepare<[number, number]>('UPDATE messages SET expired = ? WHERE rowid = ?'),
    deleteMessage: prepare<[number]>('DELETE FROM messages WHERE rowid = ?'),

    insertToken: prepare<[string, string, number, string, string]>(
      `INSERT INTO tokens (handle, digest, state, participant, room_id, participant_id) VALUES (?, ?, 'fresh', ?, ?, ?)`,
    ),
    useToken: prepare<[number]>(`UPDATE tokens SET state = 'used' WHERE id = ?`),
    deleteToken: prepare<[number]>('DELETE FROM tokens WHERE id = ?'),
    deleteOtherTokens: prepare<[number, number]>('DELETE FROM tokens WHERE participant = ? AND id <> ?'),
    replaceTokens: prepare<[number, number]>(
      `UPDATE tokens SET state = 'replaced', participant = ? WHERE participant = ?`,
    ),
    deleteReplacedTokens: prepare<[number]>(`DELETE FROM tokens WHERE participant = ? AND state = 'replaced'`),
    endTokens: prepare<[string, number, number]>(
      `UPDATE tokens SET state = 'gone', participant = NULL, reason = ?, forget_at = ? WHERE participant = ?`,
    ),

    findSend: prepare<[number, string], { fingerprint: string; receipts: string; forget_at: number }>(
      'SELECT fingerprint, receipts, forget_at FROM sends WHERE participant = ? AND scope = ?',
    ),
    keepSend: prepare<[number, string, string, string, number]>(
      'INSERT OR REPLACE INTO sends (participant, scope, fingerprint, receipts, forget_at) VALUES (?, ?, ?, ?, ?)',
    ),
    deleteSendsOf: prepare<[number]>('DELETE FROM sends WHERE participant = ?'),
    findJoin: prepare<[string], { fingerprint: string; participant: number; resumed: number; forget_at: number }>(
      'SELECT fingerprint, participant, resumed, forget_at FROM joins WHERE scope = ?',
    ),
    keepJoin: prepare<[string, string, number, number, number]>(
      'INSERT OR REPLACE INTO joins (scope, fingerprint, participant, resumed, forget_at) VALUES (?, ?, ?, ?, ?)',
    ),
    deleteJoinsOf: prepare<[number]>('DELETE FROM joins WHERE participant = ?'),

    forgetTokens: prepare<[number, number], { handle: string }>(
      'DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE forget_at <= ? LIMIT ?) RETURNING handle',
    ),
    forgetSends: prepare<[number, number], { participant: number; bytes: number }>(
      'DELETE FROM sends WHERE rowid IN (SELECT rowid FROM sends WHERE forget_at <= ? LIMIT ?) RETURNING participant, length(receipts) AS bytes',
    ),
    forgetJoins: prepare<[number, number]>(
      'DELETE FROM joins WHERE rowid IN (SELECT rowid FROM joins WHERE forget_at <= ? LIMIT ?)',
    ),
    fileBytes: prepare<[], { bytes: number }>(
      'SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()',
    ),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
