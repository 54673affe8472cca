import type { MailboxId, ParticipantId, RoomId } from '../../signalling/ids.ts';
import { participantGone } from '../../signalling/errors.ts';
import type { GoneReason, Mailbox } from '../../signalling/message.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import { AppendOnlyRows } from './append-only-rows.ts';
import type { Tx } from './group-commit.ts';
import type { IdleTimers } from './idle-timers.ts';
import { StoredMailbox, StoreTotals } from './mailbox.ts';
import {
  ParticipantRecord,
  type GoneTokenRecord,
  type LiveTokenRecord,
  type RoomRecord,
  type TokenRecord,
} from './records.ts';
import type { JoinKey, ParticipantRow, SendRow, TokenRow } from './rows.ts';
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
  /** By the scope of the idempotency key of its join. */
  readonly #joinKeys = new Map<string, ParticipantRecord>();
  readonly goneTokens: AppendOnlyRows<GoneTokenRecord>;
  readonly sends: AppendOnlyRows<SendRow>;
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
    this.goneTokens = new AppendOnlyRows({
      lastOverdue: statements.lastOverdueGoneToken,
      deleteUpTo: statements.deleteGoneTokensUpTo,
      onForget: (token) => this.#forgetGoneToken(token),
    });
    this.sends = new AppendOnlyRows({
      lastOverdue: statements.lastOverdueSend,
      deleteUpTo: statements.deleteSendsUpTo,
      onForget: (send) => this.byRow(send.senderRow)?.forgetSend(send),
    });
  }

  /** Call at the start: every idle time begins now. */
  load(nowMs: number): void {
    for (const row of this.#statements.allParticipants.all()) this.addParticipant(row, nowMs);
    for (const row of this.#statements.allTokens.all()) this.#loadToken(row);
    for (const row of this.#statements.allGoneTokens.all()) {
      const token: GoneTokenRecord = { ...row, state: 'gone', mailboxId: undefined };
      this.tokens.set(token.handle, token);
      this.goneTokens.load(token);
    }
    for (const send of this.#statements.allSends.all()) this.#loadSend(send);
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
      roomId,
      createdAtMs: row.roomCreatedAtMs,
      participants: new Map<ParticipantId, ParticipantRecord>(),
    };
    const mailbox = new StoredMailbox({ statements: this.#statements, totals: this.totals }, row);
    const record = new ParticipantRecord(row, room, mailbox, nowMs);
    if (before !== undefined) record.keepStateOf(before);
    this.rooms.set(roomId, room);
    room.participants.set(participantId, record);
    this.#byRow.set(record.row, record);
    this.#idleTimers.add(record);
    if (record.joinKey !== undefined) this.setJoinKey(record, record.joinKey);
    this.#loadFirstToken(row, record);
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
    this.setJoinKey(record, undefined);
  }

  /** Call also after a change of the idle timeout itself. */
  restartIdleTime(record: ParticipantRecord, nowMs: number): void {
    record.seenAtMs = nowMs;
    this.#idleTimers.remove(record);
    this.#idleTimers.add(record);
  }

  /** The participant that a join with this idempotency scope created or resumed, with its key. */
  findJoinKey(scope: string, nowMs: number): { participant: ParticipantRecord; key: JoinKey } | undefined {
    const participant = this.#joinKeys.get(scope);
    const key = participant?.joinKey;
    return participant !== undefined && key !== undefined && key.forgetAtMs > nowMs ? { participant, key } : undefined;
  }

  /** Leaves the row to the caller. */
  setJoinKey(record: ParticipantRecord, key: JoinKey | undefined): void {
    const scope = record.joinKey?.scope;
    if (scope !== undefined && this.#joinKeys.get(scope) === record) this.#joinKeys.delete(scope);
    record.joinKey = key;
    if (key === undefined) return;
    // Only an overdue key can have another participant.
    const known = this.#joinKeys.get(key.scope)?.joinKey;
    if (known === undefined || known.forgetAtMs <= key.forgetAtMs) this.#joinKeys.set(key.scope, record);
  }

  addToken(token: LiveTokenRecord): void {
    const { handle, participant } = token;
    this.tokens.set(handle, token);
    participant.tokens = [...participant.tokens, token];
  }

  addGoneToken(tx: Tx, token: GoneTokenRecord): void {
    this.tokens.set(token.handle, token);
    if (token.mailboxId !== undefined) this.departed.set(token.mailboxId, token.reason);
    this.goneTokens.add(tx, token, () => this.#forgetGoneToken(token));
  }

  #forgetGoneToken(token: GoneTokenRecord): void {
    if (token.mailboxId !== undefined) this.departed.delete(token.mailboxId);
    this.tokens.delete(token.handle);
  }

  #loadFirstToken({ tokenHandle, tokenDigest, tokenState }: ParticipantRow, participant: ParticipantRecord): void {
    if (tokenHandle === null || tokenDigest === null || tokenState === null) return;
    this.addToken({ row: undefined, handle: tokenHandle, digest: tokenDigest, state: tokenState, participant });
  }

  #loadToken({ participantRow, ...token }: TokenRow): void {
    const participant = this.byRow(participantRow);
    if (participant !== undefined) this.addToken({ ...token, participant });
  }

  /** Outcomes of departed participants keep their rows, and nothing else. */
  #loadSend(send: SendRow): void {
    const sender = this.byRow(send.senderRow);
    if (sender === undefined) return;
    sender.keepSend(send);
    this.sends.load(send);
  }
}
