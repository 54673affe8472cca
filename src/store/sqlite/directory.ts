import type { JsonText, MailboxId, ParticipantId, RoomId } from '../../signalling/ids.ts';
import { PARTICIPANT_BYTES } from '../../signalling/limits.ts';
import type { GoneReason, Mailbox } from '../../signalling/message.ts';
import type { TokenDigest, TokenHandle } from '../../signalling/tokens.ts';
import type { IdleTimers } from './idle-timers.ts';
import { heldBytes, type ParticipantRecord, type RoomRecord, type TokenRecord } from './records.ts';
import type { ParticipantRow, Statements, TokenRow } from './statements.ts';
import { Tails } from './tail.ts';

/** The rows of rooms, participants and tokens, in memory. Changed inside transactions only, right after the rows. */
export class Directory {
  readonly rooms = new Map<RoomId, RoomRecord>();
  readonly tokens = new Map<TokenHandle, TokenRecord>();
  readonly #byRow = new Map<number, ParticipantRecord>();
  /** Since the last commit: a roll-back brings them back, and their presence with them. */
  readonly #removed = new Map<MailboxId, ParticipantRecord>();
  readonly #statements: Statements;
  readonly #idleTimers: IdleTimers;
  readonly tails = new Tails();
  /** How the last participant of a mailbox went, while its tokens are remembered. */
  readonly departed = new Map<MailboxId, GoneReason>();
  /** Bytes of messages, room events and participants. */
  liveBytes = 0;
  /** No pending message of any mailbox ends its lifetime before this (steady ms). */
  expiresFromMs = Infinity;

  constructor(statements: Statements, idleTimers: IdleTimers) {
    this.#statements = statements;
    this.#idleTimers = idleTimers;
  }

  /** At the start: every idle time begins now. */
  load(nowMs: number): void {
    for (const row of this.#statements.allParticipants.all()) this.#restore(row, nowMs, undefined);
    for (const row of this.#statements.allTokens.all()) this.#restoreToken(row);
  }

  committed(): void {
    this.#removed.clear();
  }

  rolledBack(rooms: ReadonlySet<RoomId>, nowMs: number): void {
    for (const roomId of rooms) this.#reload(roomId, nowMs);
    this.#removed.clear();
  }

  /** The room as the rows have it, presence as it was. */
  #reload(roomId: RoomId, nowMs: number): void {
    for (const record of this.rooms.get(roomId)?.participants.values() ?? []) {
      for (const { handle } of record.tokens) this.tokens.delete(handle);
      this.removeParticipant(record);
    }
    this.rooms.delete(roomId);
    for (const row of this.#statements.participantsOf.all(roomId)) {
      this.#restore(row, nowMs, this.#removed.get(row.mailbox_id as MailboxId));
      this.departed.delete(row.mailbox_id as MailboxId);
      for (const token of this.#statements.tokensOf.all(row.id)) this.#restoreToken(token);
    }
  }

  find(mailbox: Mailbox): ParticipantRecord | undefined {
    const record = this.rooms.get(mailbox.roomId)?.participants.get(mailbox.participantId);
    return record?.mailboxId === mailbox.mailboxId ? record : undefined;
  }

  get participants(): number {
    return this.#byRow.size;
  }

  byRow(row: number): ParticipantRecord | undefined {
    return this.#byRow.get(row);
  }

  addParticipant(record: ParticipantRecord): void {
    this.rooms.set(record.room.roomId, record.room);
    record.room.participants.set(record.participantId, record);
    this.#byRow.set(record.row, record);
    this.liveBytes += PARTICIPANT_BYTES + heldBytes(record);
    this.#idleTimers.add(record);
  }

  /** Its tokens stay: what becomes of them is the caller's to say. */
  removeParticipant(record: ParticipantRecord): void {
    if (record.room.participants.get(record.participantId) === record)
      record.room.participants.delete(record.participantId);
    if (record.room.participants.size === 0) this.rooms.delete(record.room.roomId);
    this.#byRow.delete(record.row);
    this.#removed.set(record.mailboxId, record);
    this.tails.clear(record);
    this.liveBytes -= PARTICIPANT_BYTES + heldBytes(record);
    this.#idleTimers.remove(record);
  }

  /** Also when the idle timeout itself became another. */
  restartIdleTime(record: ParticipantRecord, nowMs: number): void {
    record.seenAtMs = nowMs;
    this.#idleTimers.remove(record);
    this.#idleTimers.add(record);
  }

  addToken(token: TokenRecord): void {
    this.tokens.set(token.handle, token);
    if (token.state !== 'gone') token.participant.tokens.push(token);
  }

  forgetToken(handle: TokenHandle): void {
    const token = this.tokens.get(handle);
    if (token?.state === 'gone' && token.mailboxId !== undefined) this.departed.delete(token.mailboxId);
    this.tokens.delete(handle);
  }

  #restore(row: ParticipantRow, nowMs: number, before: ParticipantRecord | undefined): void {
    const roomId = row.room_id as RoomId;
    const room = this.rooms.get(roomId) ?? {
      row: row.room,
      roomId,
      participants: new Map<ParticipantId, ParticipantRecord>(),
    };
    const expiresFromMs = row.expires_from ?? Infinity;
    this.expiresFromMs = Math.min(this.expiresFromMs, expiresFromMs);
    this.addParticipant({
      row: row.id,
      room,
      participantId: row.participant_id as ParticipantId,
      mailboxId: row.mailbox_id as MailboxId,
      displayName: row.display_name ?? undefined,
      metadata: (row.metadata ?? undefined) as JsonText | undefined,
      joinedAtMs: row.joined_at,
      idleTimeoutMs: row.idle_timeout_ms,
      tokens: [],
      hasJoinKey: row.has_join_key === 1,
      acknowledged: row.acknowledged,
      head: Math.max(row.acknowledged, row.head ?? 0),
      tail: [],
      tailFrom: Math.max(row.acknowledged, row.head ?? 0),
      writtenAcknowledged: row.acknowledged,
      messages: row.messages,
      messageBytes: row.message_bytes,
      events: row.events,
      eventBytes: row.event_bytes,
      gaps: row.gaps,
      keptBytes: row.kept_bytes,
      expiresFromMs,
      budgetFullAtMs: before?.budgetFullAtMs ?? 0,
      seenAtMs: before?.seenAtMs ?? nowMs,
      heldUntilMs: before?.heldUntilMs ?? 0,
      listensUntilMs: before?.listensUntilMs ?? 0,
    });
  }

  #restoreToken(row: TokenRow): void {
    const token = {
      row: row.id,
      handle: row.handle as TokenHandle,
      digest: row.digest as TokenDigest,
      roomId: row.room_id as RoomId,
      participantId: row.participant_id as ParticipantId,
    };
    if (row.state === 'gone') {
      this.addToken({
        ...token,
        state: 'gone',
        reason: row.reason as GoneReason,
        forgetAtMs: row.forget_at ?? 0,
        mailboxId: undefined,
      });
      return;
    }
    const participant = row.participant === null ? undefined : this.byRow(row.participant);
    if (participant !== undefined) this.addToken({ ...token, state: row.state, participant });
  }
}
