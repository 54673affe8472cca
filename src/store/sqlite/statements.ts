import type Database from 'better-sqlite3';
import type { RoomId } from '../../signalling/ids.ts';
import type {
  CountedMessage,
  GoneTokenRow,
  NewParticipantRow,
  OverdueRow,
  ParticipantColumns,
  ParticipantRow,
  SendRow,
  StoredMessage,
  TokenRow,
} from './rows.ts';

// Tombstones have expired > 0; room events have no sender.
const PARTICIPANTS = `
  SELECT p.id AS row, p.room_id AS roomId, p.room_created_at AS roomCreatedAtMs, p.participant_id AS participantId,
    p.mailbox_id AS mailboxId, p.display_name AS displayName, p.metadata, p.joined_at AS joinedAtMs,
    p.idle_timeout_ms AS idleTimeoutMs, p.token_handle AS tokenHandle, p.token_digest AS tokenDigest,
    p.token_state AS tokenState, p.join_scope AS joinScope, p.join_fingerprint AS joinFingerprint,
    p.join_resumed AS joinResumed, p.join_forget_at AS joinForgetAtMs, p.acknowledged, max(m.position) AS head,
    count(m.rowid) FILTER (WHERE m.expired = 0 AND m.sender IS NOT NULL) AS messages,
    coalesce(sum(m.bytes) FILTER (WHERE m.expired = 0 AND m.sender IS NOT NULL), 0) AS messageBytes,
    count(m.rowid) FILTER (WHERE m.expired = 0 AND m.sender IS NULL) AS events,
    coalesce(sum(m.bytes) FILTER (WHERE m.expired = 0 AND m.sender IS NULL), 0) AS eventBytes,
    count(m.rowid) FILTER (WHERE m.expired > 0) AS tombstones,
    min(m.expires_at) AS expiresFromMs
  FROM participants p LEFT JOIN messages m ON m.mailbox = p.id`;

const OVERDUE = `
  SELECT rowid, mailbox AS mailboxRow, sender AS senderRow, position, message_id AS id, type, call_id AS callId, bytes
  FROM messages`;

const TOKENS = 'SELECT id AS row, participant AS participantRow, handle, digest, state FROM tokens';

/** The last of the oldest rows, at most a limit, that are all overdue. */
const lastOverdueOf = (table: 'sends' | 'gone_tokens'): string => `
  WITH oldest AS (SELECT id, forget_at FROM ${table} ORDER BY id LIMIT ?)
  SELECT max(id) AS row FROM oldest
  WHERE id < coalesce((SELECT min(id) FROM oldest WHERE forget_at > ?), 9e18)`;

const INSERT_PARTICIPANT = `
  INSERT INTO participants (room_id, room_created_at, participant_id, mailbox_id, joined_at, acknowledged,
    display_name, metadata, idle_timeout_ms, token_handle, token_digest, token_state,
    join_scope, join_fingerprint, join_resumed, join_forget_at)
  VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE_PARTICIPANT = `
  UPDATE participants SET display_name = ?, metadata = ?, idle_timeout_ms = ?,
    token_handle = ?, token_digest = ?, token_state = ?,
    join_scope = ?, join_fingerprint = ?, join_resumed = ?, join_forget_at = ?
  WHERE id = ?`;

/** In the order in which both statements bind them. */
const columnsOf = (columns: ParticipantColumns) =>
  [
    columns.displayName,
    columns.metadata,
    columns.idleTimeoutMs,
    columns.tokenHandle,
    columns.tokenDigest,
    columns.tokenState,
    columns.joinScope,
    columns.joinFingerprint,
    columns.joinResumed,
    columns.joinForgetAtMs,
  ] as const;

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
export interface Statement<P extends unknown[], R> {
  run(...parameters: P): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  get(...parameters: P): R | undefined;
  all(...parameters: P): R[];
  iterate(...parameters: P): Iterable<R>;
}

/** Every statement of the adapter, prepared once. */
export function prepareStatements(db: Database.Database) {
  const prepare = <P extends unknown[], R = never>(sql: string): Statement<P, R> => db.prepare<P, R>(sql);
  const insertMessage = prepare<(string | number | null)[]>(INSERT_MESSAGE);
  const insertParticipant = prepare<(string | number | null)[]>(INSERT_PARTICIPANT);
  const insertGoneToken = prepare<[string, string, string, string, string, number]>(
    'INSERT INTO gone_tokens (handle, digest, room_id, participant_id, reason, forget_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const updateParticipant = prepare<(string | number | null)[]>(UPDATE_PARTICIPANT);
  return {
    allParticipants: prepare<[], ParticipantRow>(`${PARTICIPANTS} GROUP BY p.id ORDER BY p.id`),
    participantsOf: prepare<[string], ParticipantRow>(
      `${PARTICIPANTS} WHERE p.room_id = ? GROUP BY p.id ORDER BY p.id`,
    ),
    allTokens: prepare<[], TokenRow>(`${TOKENS} ORDER BY id`),
    tokensOf: prepare<[number], TokenRow>(`${TOKENS} WHERE participant = ? ORDER BY id`),
    allGoneTokens: prepare<[], GoneTokenRow>(
      `SELECT id AS row, handle, digest, room_id AS roomId, participant_id AS participantId, reason,
         forget_at AS forgetAtMs
       FROM gone_tokens ORDER BY id`,
    ),
    allSends: prepare<[], SendRow>(
      `SELECT id AS row, participant AS senderRow, scope, forget_at AS forgetAtMs,
         length(scope) + length(receipts) AS bytes
       FROM sends ORDER BY id`,
    ),

    roomsAfter: prepare<[string, number], { roomId: RoomId; createdAtMs: number }>(
      `SELECT room_id AS roomId, room_created_at AS createdAtMs FROM participants WHERE room_id > ?
       GROUP BY room_id ORDER BY room_id LIMIT ?`,
    ),

    /** @returns its number */
    insertParticipant(row: NewParticipantRow): number {
      const { roomId, roomCreatedAtMs, participantId, mailboxId, joinedAtMs } = row;
      const { lastInsertRowid } = insertParticipant.run(
        roomId,
        roomCreatedAtMs,
        participantId,
        mailboxId,
        joinedAtMs,
        ...columnsOf(row),
      );
      return Number(lastInsertRowid);
    },
    updateParticipant(row: number, columns: ParticipantColumns): void {
      updateParticipant.run(...columnsOf(columns), row);
    },
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

    insertToken: prepare<[number, string, string, string]>(
      'INSERT INTO tokens (participant, handle, digest, state) VALUES (?, ?, ?, ?)',
    ),
    useToken: prepare<[number]>(`UPDATE tokens SET state = 'used' WHERE id = ?`),
    deleteToken: prepare<[number]>('DELETE FROM tokens WHERE id = ?'),
    deleteTokensOf: prepare<[number]>('DELETE FROM tokens WHERE participant = ?'),
    insertGoneToken({ handle, digest, roomId, participantId, reason, forgetAtMs }: Omit<GoneTokenRow, 'row'>): number {
      return Number(insertGoneToken.run(handle, digest, roomId, participantId, reason, forgetAtMs).lastInsertRowid);
    },
    lastOverdueGoneToken: prepare<[number, number], { row: number | null }>(lastOverdueOf('gone_tokens')),
    deleteGoneTokensUpTo: prepare<[number]>('DELETE FROM gone_tokens WHERE id <= ?'),

    insertSend: prepare<[number, string, string, string, number]>(
      'INSERT INTO sends (participant, scope, fingerprint, receipts, forget_at) VALUES (?, ?, ?, ?, ?)',
    ),
    outcomeOf: prepare<[number], { fingerprint: string; receipts: string }>(
      'SELECT fingerprint, receipts FROM sends WHERE id = ?',
    ),
    lastOverdueSend: prepare<[number, number], { row: number | null }>(lastOverdueOf('sends')),
    deleteSendsUpTo: prepare<[number]>('DELETE FROM sends WHERE id <= ?'),

    fileBytes: prepare<[], { bytes: number }>(
      'SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()',
    ),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
