import type { MailboxId, MessageId, ParticipantId, RoomId } from '../../../src/signalling/ids.ts';
import type { GoneReason, Mailbox, Receipt } from '../../../src/signalling/message.ts';
import type { TokenHandle } from '../../../src/signalling/tokens.ts';

/** A message in one short line: `message <id>`, `joined bob`, `left bob timeout`, `expired <id> to bob`. */
export type Summary = string;

export interface Entry {
  readonly position: number;
  readonly summary: Summary;
  /** Absent for room events. */
  readonly message: { readonly id: MessageId; readonly sender: MailboxId } | undefined;
  readonly expiresAtMs: number;
  readonly bytes: number;
  /** Whether a read has returned it. */
  delivered: boolean;
  /** Whether it was reported to its sender as expired. */
  reported: boolean;
  /** Acknowledged too late, so a report is still due. */
  owed: boolean;
  /** It no longer counts. */
  swept: boolean;
}

export interface Kept<Outcome> {
  readonly fingerprint: string;
  readonly untilMs: number;
  readonly outcome: Outcome;
}

/** A participant with its mailbox: one incarnation. */
export interface MailboxModel {
  readonly mailbox: Mailbox;
  /** Everything that was ever put into it. */
  readonly log: Entry[];
  acknowledged: number;
  /** The acknowledged position that certainly survives a crash. */
  acknowledgedForSure: number;
  idleTimeoutMs: number;
  seenAtMs: number;
  heldUntilMs: number;
  listensUntilMs: number;
  readonly sends: Map<string, Kept<readonly Receipt[]>>;
}

export interface Token {
  readonly handle: TokenHandle;
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
  mailboxId: MailboxId;
  state: 'fresh' | 'used' | 'replaced' | 'gone' | 'unknown';
  reason: GoneReason | undefined;
  untilMs: number;
}

/** The model of the store, as plain data: its copy is the model of a copy of the store. */
export interface State {
  /** Participants in the order of joining. */
  readonly rooms: Map<RoomId, Map<ParticipantId, MailboxModel>>;
  readonly departed: Mailbox[];
  readonly tokens: Token[];
  readonly joins: Map<string, Kept<{ readonly mailboxId: MailboxId; readonly resumed: boolean }>>;
}

export const emptyState = (): State => ({ rooms: new Map(), departed: [], tokens: [], joins: new Map() });

export const mailboxModels = (state: State): MailboxModel[] =>
  [...state.rooms.values()].flatMap((room) => [...room.values()]);

export const modelOf = (state: State, { roomId, participantId, mailboxId }: Mailbox): MailboxModel | undefined => {
  const model = state.rooms.get(roomId)?.get(participantId);
  return model?.mailbox.mailboxId === mailboxId ? model : undefined;
};

export const modelById = (state: State, mailboxId: MailboxId): MailboxModel | undefined =>
  mailboxModels(state).find(({ mailbox }) => mailbox.mailboxId === mailboxId);

export const othersThan = (state: State, { roomId, participantId }: Omit<Mailbox, 'mailboxId'>): MailboxModel[] =>
  [...(state.rooms.get(roomId)?.values() ?? [])].filter(({ mailbox }) => mailbox.participantId !== participantId);

export const headOf = (model: MailboxModel): number => Math.max(model.acknowledged, model.log.at(-1)?.position ?? 0);

export const behind = (model: MailboxModel, position: number): Entry[] =>
  model.log.filter((entry) => entry.position > position);

/** Stays dead once the sweep has handled it, even if the clock goes back in a restart. */
export const isDead = ({ swept, reported, expiresAtMs }: Entry, nowMs: number): boolean =>
  swept || reported || expiresAtMs <= nowMs;

export const isListening = (model: MailboxModel, nowMs: number): boolean =>
  Math.max(model.heldUntilMs, model.listensUntilMs) > nowMs;

export const idleFromMs = (model: MailboxModel): number =>
  Math.max(model.seenAtMs, model.heldUntilMs) + model.idleTimeoutMs;

/** Messages that are still to be reported to their senders as expired. */
export const unreported = (model: MailboxModel, nowMs: number): Entry[] =>
  model.log.filter(
    (entry) =>
      entry.message !== undefined &&
      !entry.reported &&
      !entry.swept &&
      (entry.owed || (isDead(entry, nowMs) && entry.position > model.acknowledged)),
  );

export function enter(state: State, model: MailboxModel): void {
  const { roomId, participantId } = model.mailbox;
  const room = state.rooms.get(roomId) ?? new Map<ParticipantId, MailboxModel>();
  room.set(participantId, model);
  state.rooms.set(roomId, room);
}

/** Removes a participant; leaves its tokens to the caller. */
export function remove(state: State, { mailbox }: MailboxModel): void {
  const room = state.rooms.get(mailbox.roomId);
  room?.delete(mailbox.participantId);
  if (room?.size === 0) state.rooms.delete(mailbox.roomId);
  state.departed.push(mailbox);
  forgetKeysOf(state, mailbox.mailboxId);
}

export function depart(state: State, model: MailboxModel, reason: GoneReason, forgottenAtMs: number): void {
  remove(state, model);
  for (const token of tokensOf(state, model.mailbox.mailboxId)) {
    if (token.state === 'replaced') token.state = 'unknown';
    else Object.assign(token, { state: 'gone', reason, untilMs: forgottenAtMs });
  }
}

export function forgetKeysOf(state: State, mailboxId: MailboxId): void {
  for (const [scope, kept] of state.joins) if (kept.outcome.mailboxId === mailboxId) state.joins.delete(scope);
}

/** Tokens that still prove something. */
export const tokensOf = (state: State, mailboxId: MailboxId): Token[] =>
  state.tokens.filter((token) => token.mailboxId === mailboxId && ['fresh', 'used', 'replaced'].includes(token.state));

/**
 * A deep copy of plain data and maps. (`structuredClone` creates objects of another realm, which deep comparison
 * rejects.)
 */
export function copyOf<T>(value: T): T {
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, copyOf<unknown>(one)])) as T;
  if (Array.isArray(value)) return value.map((one) => copyOf<unknown>(one)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyOf<unknown>(one)])) as T;
}
