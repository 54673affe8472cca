import type { JsonText, MailboxId, ParticipantId, RoomId } from '../../signalling/ids.ts';
import { LISTENING_GRACE_MS, RECONNECT_GRACE_MS } from '../../signalling/limits.ts';
import type { Mailbox, Participant } from '../../signalling/message.ts';
import type { PollOutcome } from '../../signalling/store.ts';
import type { TokenDigest, TokenHandle } from '../../signalling/tokens.ts';
import type { StoredMailbox } from './mailbox.ts';
import {
  joinKeyColumns,
  tokenColumns,
  type GoneTokenRow,
  type JoinKey,
  type LiveToken,
  type ParticipantColumns,
  type ParticipantRow,
  type SendRow,
} from './rows.ts';

export interface RoomRecord {
  readonly roomId: RoomId;
  /** Wall clock. */
  readonly createdAtMs: number;
  readonly participants: Map<ParticipantId, ParticipantRecord>;
}

/** A participant in memory: its row, so that a request needs no query, and its presence. The rows are authoritative. */
export class ParticipantRecord {
  readonly row: number;
  readonly room: RoomRecord;
  readonly participantId: ParticipantId;
  readonly mailboxId: MailboxId;
  /** Changed by its own methods only. */
  readonly mailbox: Readonly<StoredMailbox>;
  readonly joinedAtMs: number;
  displayName: string | undefined;
  metadata: JsonText | undefined;
  idleTimeoutMs: number;
  /** The oldest first. */
  tokens: readonly LiveTokenRecord[] = [];
  /** The idempotency key of its join, until the first use of a token. `MemoryIndex.setJoinKey` changes it. */
  joinKey: JoinKey | undefined;
  /** Outcomes of its sends with idempotency keys, by scope; absent before the first. */
  sends: Map<string, SendRow> | undefined;

  // In memory only, all in steady ms: a restart refills every budget and restarts every idle time.
  /** When the whole send budget is available again. */
  budgetFullAtMs = 0;
  seenAtMs: number;
  heldUntilMs = 0;
  /** The participant counts as listening until then, even without a held poll. */
  listensUntilMs = 0;

  constructor(row: ParticipantRow, room: RoomRecord, mailbox: StoredMailbox, nowMs: number) {
    this.row = row.row;
    this.room = room;
    this.participantId = row.participantId;
    this.mailboxId = row.mailboxId;
    this.mailbox = mailbox;
    this.joinedAtMs = row.joinedAtMs;
    this.displayName = row.displayName ?? undefined;
    this.metadata = row.metadata ?? undefined;
    this.idleTimeoutMs = row.idleTimeoutMs;
    this.joinKey = storedJoinKey(row);
    this.seenAtMs = nowMs;
  }

  /** Carries over the state that a roll-back of its room does not read from rows. */
  keepStateOf(before: ParticipantRecord): void {
    for (const send of before.sends?.values() ?? []) this.keepSend(send);
    this.budgetFullAtMs = before.budgetFullAtMs;
    this.seenAtMs = before.seenAtMs;
    this.heldUntilMs = before.heldUntilMs;
    this.listensUntilMs = before.listensUntilMs;
  }

  /** The token in its own row, if there is one. */
  get firstToken(): LiveTokenRecord | undefined {
    const [oldest] = this.tokens;
    return oldest?.row === undefined ? oldest : undefined;
  }

  get columns(): ParticipantColumns {
    return {
      displayName: this.displayName ?? null,
      metadata: this.metadata ?? null,
      idleTimeoutMs: this.idleTimeoutMs,
      ...tokenColumns(this.firstToken),
      ...joinKeyColumns(this.joinKey),
    };
  }

  /** @returns the overdue outcome that it replaces, if any */
  keepSend(send: SendRow): SendRow | undefined {
    const replaced = this.sends?.get(send.scope);
    this.sends ??= new Map();
    this.sends.set(send.scope, send);
    this.mailbox.countOutcome(send.bytes - (replaced?.bytes ?? 0));
    return replaced;
  }

  /** In a roll-back. The counters follow when the room is read again. */
  restoreSend({ scope }: SendRow, replaced: SendRow | undefined): void {
    if (replaced === undefined) this.sends?.delete(scope);
    else this.sends?.set(scope, replaced);
  }

  /** Does nothing for an outcome that was replaced. */
  forgetSend(send: SendRow): void {
    if (this.sends?.get(send.scope) !== send) return;
    this.sends.delete(send.scope);
    this.mailbox.countOutcome(-send.bytes);
  }

  get address(): Mailbox {
    return { roomId: this.room.roomId, participantId: this.participantId, mailboxId: this.mailboxId };
  }

  holdPoll(untilMs: number): void {
    this.heldUntilMs = untilMs;
  }

  endPoll(outcome: PollOutcome, nowMs: number): void {
    const wasHeld = this.heldUntilMs > 0;
    this.heldUntilMs = 0;
    this.seenAtMs = nowMs;
    if (outcome === 'answered') this.listensUntilMs = nowMs + LISTENING_GRACE_MS;
    else if (outcome === 'cut' && wasHeld) this.listensUntilMs = nowMs + RECONNECT_GRACE_MS;
  }

  isListening(nowMs: number): boolean {
    return Math.max(this.heldUntilMs, this.listensUntilMs) > nowMs;
  }

  /** When the idle time ends according to the current presence (steady ms). */
  get idleFromMs(): number {
    return Math.max(this.seenAtMs, this.heldUntilMs) + this.idleTimeoutMs;
  }

  asParticipant(nowMs: number): Participant {
    return {
      participantId: this.participantId,
      ...(this.displayName === undefined ? {} : { displayName: this.displayName }),
      ...(this.metadata === undefined ? {} : { metadata: this.metadata }),
      joinedAtMs: this.joinedAtMs,
      listening: this.isListening(nowMs),
    };
  }
}

function storedJoinKey({
  joinScope,
  joinFingerprint,
  joinResumed,
  joinForgetAtMs,
}: ParticipantRow): JoinKey | undefined {
  if (joinScope === null || joinFingerprint === null || joinResumed === null || joinForgetAtMs === null)
    return undefined;
  return { scope: joinScope, fingerprint: joinFingerprint, resumed: joinResumed, forgetAtMs: joinForgetAtMs };
}

/** A token that belongs to a present participant. */
export interface LiveTokenRecord {
  /** `tokens.id`; undefined for a token in the row of its participant. */
  readonly row: number | undefined;
  readonly handle: TokenHandle;
  readonly digest: TokenDigest;
  state: LiveToken['state'];
  readonly participant: ParticipantRecord;
}

export interface GoneTokenRecord extends GoneTokenRow {
  readonly state: 'gone';
  /** Undefined after a restart. */
  readonly mailboxId: MailboxId | undefined;
}

export type TokenRecord = LiveTokenRecord | GoneTokenRecord;
