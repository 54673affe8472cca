import type { MailboxId, ParticipantId, RoomId } from '../../signalling/ids.ts';
import { participantGone } from '../../signalling/errors.ts';
import type { GoneReason, Mailbox } from '../../signalling/message.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import type { IdleTimers } from './idle-timers.ts';
import { StoredMailbox, StoreTotals } from './mailbox.ts';
import { ParticipantRecord, type RoomRecord, type TokenRecord } from './records.ts';
import type { ParticipantRow, TokenRow } from './rows.ts';
import type { Statements } from './statements.ts';

/**
 * The in-memory index of rooms, participants and tokens. It changes inside transactions only, right after the rows.
 *
 * Roll-back: an operation names its room (`Tx.touch`) before its first write there. `rolledBack` then rebuilds
 * these rooms from their rows, including mailboxes and counters. Presence and rate budgets have no rows and are carried
 * over.
 */
export class MemoryIndex {
  readonly rooms = new Map<RoomId, RoomRecord>();
  readonly tokens = new Map<TokenHandle, TokenRecord>();
  /** Reason for the departure of the owner of an ended mailbox; kept as long as its tokens. */
  readonly departed = new Map<MailboxId, GoneReason>();
  readonly totals = new StoreTotals();
  readonly #byRow = new Map<number, ParticipantRecord>();
  /** Removed since the last commit: a roll-back brings them back. */
  readonly #removed = new Map<MailboxId, ParticipantRecord>();
  readonly #statements: Statements;
  readonly #idleTimers: IdleTimers;

  constructor(statements: Statements, idleTimers: IdleTimers) {
    this.#statements = statements;
    this.#idleTimers = idleTimers;
  }

  /** Call at the start: every idle time begins now. */
  load(nowMs: number): void {
    for (const row of this.#statements.allParticipants.all()) this.addParticipant(row, nowMs);
    for (const row of this.#statements.allTokens.all()) this.#loadToken(row);
  }

  committed(): void {
    this.#removed.clear();
  }

  rolledBack(rooms: ReadonlySet<RoomId>, nowMs: number): void {
    for (const roomId of rooms) this.#reload(roomId, nowMs);
    this.#removed.clear();
  }

  #reload(roomId: RoomId, nowMs: number): void {
    for (const record of this.rooms.get(roomId)?.participants.values() ?? []) {
      for (const { handle } of record.tokens) this.tokens.delete(handle);
      this.removeParticipant(record);
    }
    this.rooms.delete(roomId);
    for (const row of this.#statements.participantsOf.all(roomId)) {
      const before = this.#removed.get(row.mailboxId);
      const record = this.addParticipant(row, nowMs, before);
      this.departed.delete(row.mailboxId);
      for (const token of this.#statements.tokensOf.all(record.row)) this.#loadToken(token);
    }
  }

  find(mailbox: Mailbox): ParticipantRecord | undefined {
    const record = this.rooms.get(mailbox.roomId)?.participants.get(mailbox.participantId);
    return record?.mailboxId === mailbox.mailboxId ? record : undefined;
  }

  /** @throws SignallingError `participant-gone`: the participant departed after the authentication of the request */
  require(mailbox: Mailbox): ParticipantRecord {
    const record = this.find(mailbox);
    if (record !== undefined) return record;
    throw participantGone(this.departed.get(mailbox.mailboxId) ?? 'replaced');
  }

  byRow(row: number): ParticipantRecord | undefined {
    return this.#byRow.get(row);
  }

  get participants(): number {
    return this.#byRow.size;
  }

  addParticipant(row: ParticipantRow, nowMs: number, before?: ParticipantRecord): ParticipantRecord {
    const { roomId, participantId } = row;
    const room = this.rooms.get(roomId) ?? {
      row: row.roomRow,
      roomId,
      participants: new Map<ParticipantId, ParticipantRecord>(),
    };
    const mailbox = new StoredMailbox({ statements: this.#statements, totals: this.totals }, row);
    const record = new ParticipantRecord(row, room, mailbox, nowMs);
    if (before !== undefined) record.keepPresenceOf(before);
    this.rooms.set(roomId, room);
    room.participants.set(participantId, record);
    this.#byRow.set(record.row, record);
    this.#idleTimers.add(record);
    return record;
  }

  /** Leaves its tokens to the caller. */
  removeParticipant(record: ParticipantRecord): void {
    const { room, participantId } = record;
    room.participants.delete(participantId);
    if (room.participants.size === 0) this.rooms.delete(room.roomId);
    this.#byRow.delete(record.row);
    this.#removed.set(record.mailboxId, record);
    record.mailbox.discard();
    this.#idleTimers.remove(record);
  }

  /** Call also after a change of the idle timeout itself. */
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

  #loadToken(token: TokenRow): void {
    const { row, handle, digest, roomId, participantId } = token;
    const identity = { row, handle, digest, roomId, participantId };
    if (token.state === 'gone') {
      const { state, reason, forgetAtMs } = token;
      this.addToken({ ...identity, state, reason, forgetAtMs, mailboxId: undefined });
      return;
    }
    const participant = this.byRow(token.participantRow);
    if (participant !== undefined) this.addToken({ ...identity, state: token.state, participant });
  }
}
