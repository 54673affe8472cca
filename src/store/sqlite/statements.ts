import type Database from 'better-sqlite3';
import type { RoomId } from '../../signalling/ids.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import type { CountedMessage, OverdueRow, ParticipantRow, StoredMessage, TokenRow } from './rows.ts';

// Tombstones have expired > 0; room events have no sender.
const PARTICIPANTS = `
  SELECT p.id AS row, p.room AS roomRow, r.room_id AS roomId, p.participant_id AS participantId,
    p.mailbox_id AS mailboxId, p.display_name AS displayName, p.metadata, p.joined_at AS joinedAtMs,
    p.idle_timeout_ms AS idleTimeoutMs, p.acknowledged, max(m.position) AS head,
    count(m.rowid) FILTER (WHERE m.expired = 0 AND m.sender IS NOT NULL) AS messages,
    coalesce(sum(m.bytes) FILTER (WHERE m.expired = 0 AND m.sender IS NOT NULL), 0) AS messageBytes,
    count(m.rowid) FILTER (WHERE m.expired = 0 AND m.sender IS NULL) AS events,
    coalesce(sum(m.bytes) FILTER (WHERE m.expired = 0 AND m.sender IS NULL), 0) AS eventBytes,
    count(m.rowid) FILTER (WHERE m.expired > 0) AS tombstones,
    min(m.expires_at) AS expiresFromMs,
    EXISTS (SELECT 1 FROM joins j WHERE j.participant = p.id) AS hasJoinKey,
    (SELECT coalesce(sum(length(s.receipts)), 0) FROM sends s WHERE s.participant = p.id) AS keptBytes
  FROM participants p JOIN rooms r ON r.id = p.room LEFT JOIN messages m ON m.mailbox = p.id`;

const OVERDUE = `
  SELECT rowid, mailbox AS mailboxRow, sender AS senderRow, position, message_id AS id, type, call_id AS callId, bytes
  FROM messages`;

const TOKENS = `
  SELECT id AS row, handle, digest, state, participant AS participantRow, room_id AS roomId,
    participant_id AS participantId, reason, forget_at AS forgetAtMs
  FROM tokens`;

/** The columns of `StoredMessage`, in the order in which `insertMessage` binds them. */
const INSERT_MESSAGE = `
  INSERT INTO messages (mailbox, position, message_id, sender, from_id, addressed, type, payload, call_id, sent_at,
    stored_at, expires_at, bytes)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const MESSAGES_AFTER = `
  SELECT position, message_id AS id, sender AS senderRow, from_id AS sender, addressed, type, payload,
    call_id AS callId, sent_at AS sentAtMs, stored_at AS storedAtMs, expires_at AS expiresAtMs, bytes, expired
  FROM messages WHERE mailbox = ? AND position > ? ORDER BY position LIMIT ?`;

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
  const insertMessage = prepare<(string | number | null)[]>(INSERT_MESSAGE);
  return {
    allParticipants: prepare<[], ParticipantRow>(`${PARTICIPANTS} GROUP BY p.id ORDER BY p.id`),
    participantsOf: prepare<[string], ParticipantRow>(
      `${PARTICIPANTS} WHERE r.room_id = ? GROUP BY p.id ORDER BY p.id`,
    ),
    allTokens: prepare<[], TokenRow>(TOKENS),
    tokensOf: prepare<[number], TokenRow>(`${TOKENS} WHERE participant = ?`),

    insertRoom: prepare<[string, number]>('INSERT INTO rooms (room_id, created_at) VALUES (?, ?)'),
    roomsAfter: prepare<[string, number], { roomId: RoomId; createdAtMs: number }>(
      'SELECT room_id AS roomId, created_at AS createdAtMs FROM rooms WHERE room_id > ? ORDER BY room_id LIMIT ?',
    ),
    deleteRoom: prepare<[number]>('DELETE FROM rooms WHERE id = ?'),

    insertParticipant: prepare<[number, string, string, string | null, string | null, number, number]>(
      `INSERT INTO participants
         (room, participant_id, mailbox_id, display_name, metadata, joined_at, idle_timeout_ms, acknowledged)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
    ),
    updateProfile: prepare<[string | null, string | null, number, number]>(
      'UPDATE participants SET display_name = ?, metadata = ?, idle_timeout_ms = ? WHERE id = ?',
    ),
    unnameParticipant: prepare<[number]>(`UPDATE participants SET participant_id = '' WHERE id = ?`),
    deleteParticipant: prepare<[number]>('DELETE FROM participants WHERE id = ?'),

    /** perf: positional parameters; named ones cost 1.2 us more a message. */
    insertMessage(mailboxRow: number, message: StoredMessage): void {
      insertMessage.run(
        mailboxRow,
        message.position,
        message.id,
        message.senderRow,
        message.sender,
        message.addressed,
        message.type,
        message.payload,
        message.callId,
        message.sentAtMs,
        message.storedAtMs,
        message.expiresAtMs,
        message.bytes,
      );
    },
    messagesAfter: prepare<[number, number, number], StoredMessage>(MESSAGES_AFTER),
    setAcknowledged: prepare<[number, number]>('UPDATE participants SET acknowledged = ? WHERE id = ?'),
    deleteUpTo: prepare<[number, number]>('DELETE FROM messages WHERE mailbox = ? AND position <= ?'),
    removeUpTo: prepare<[number, number], CountedMessage & { position: number }>(
      `DELETE FROM messages WHERE mailbox = ? AND position <= ?
       RETURNING position, sender AS senderRow, bytes, expired`,
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
    makeTombstone: prepare<[number]>(
      'UPDATE messages SET payload = NULL, expires_at = NULL, bytes = 0, expired = 1 WHERE rowid = ?',
    ),
    oldestEvent: prepare<[number, number], { rowid: number; bytes: number }>(
      `SELECT rowid, bytes FROM messages
       WHERE mailbox = ? AND position > ? AND sender IS NULL AND expired = 0 ORDER BY position LIMIT 1`,
    ),
    expiredAfter: prepare<[number, number], { rowid: number; expired: number }>(
      'SELECT rowid, expired FROM messages WHERE mailbox = ? AND position > ? ORDER BY position',
    ),
    setExpired: prepare<[number, number]>('UPDATE messages SET expired = ? WHERE rowid = ?'),
    deleteMessage: prepare<[number]>('DELETE FROM messages WHERE rowid = ?'),

    insertToken: prepare<[string, string, number, string, string]>(
      `INSERT INTO tokens (handle, digest, state, participant, room_id, participant_id)
       VALUES (?, ?, 'fresh', ?, ?, ?)`,
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

    findSend: prepare<[number, string], { fingerprint: string; receipts: string; forgetAtMs: number }>(
      'SELECT fingerprint, receipts, forget_at AS forgetAtMs FROM sends WHERE participant = ? AND scope = ?',
    ),
    keepSend: prepare<[number, string, string, string, number]>(
      'INSERT OR REPLACE INTO sends (participant, scope, fingerprint, receipts, forget_at) VALUES (?, ?, ?, ?, ?)',
    ),
    deleteSendsOf: prepare<[number]>('DELETE FROM sends WHERE participant = ?'),
    findJoin: prepare<[string], { fingerprint: string; participantRow: number; resumed: 0 | 1; forgetAtMs: number }>(
      'SELECT fingerprint, participant AS participantRow, resumed, forget_at AS forgetAtMs FROM joins WHERE scope = ?',
    ),
    keepJoin: prepare<[string, string, number, number, number]>(
      'INSERT OR REPLACE INTO joins (scope, fingerprint, participant, resumed, forget_at) VALUES (?, ?, ?, ?, ?)',
    ),
    deleteJoinsOf: prepare<[number]>('DELETE FROM joins WHERE participant = ?'),

    forgetTokens: prepare<[number, number], { handle: TokenHandle }>(
      'DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE forget_at <= ? LIMIT ?) RETURNING handle',
    ),
    forgetSends: prepare<[number, number], { participantRow: number; bytes: number }>(
      `DELETE FROM sends WHERE rowid IN (SELECT rowid FROM sends WHERE forget_at <= ? LIMIT ?)
       RETURNING participant AS participantRow, length(receipts) AS bytes`,
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
