import type { MailboxId, MessageId, ParticipantId, RoomId } from '../../../src/signalling/ids.ts';
import type { GoneReason, Mailbox, Receipt } from '../../../src/signalling/message.ts';
import type { TokenHandle } from '../../../src/signalling/tokens.ts';

/** What was put into a mailbox, in short: `message <id>`, `joined bob`, `left bob timeout`, `expired <id> to bob`. */
export type Words = string;

export interface Entry {
  readonly position: number;
  readonly words: Words;
  /** Absent for room events. */
  readonly message: { readonly id: MessageId; readonly sender: MailboxId } | undefined;
  readonly expiresAtMs: number;
  readonly bytes: number;
  /** Some read has returned it. */
  delivered: boolean;
  /** Its sender was told that it expired. */
  reported: boolean;
  /** Acknowledged too late: it is still to be reported. */
  owed: boolean;
  /** Nothing of it counts any more. */
  swept: boolean;
}

export interface Kept<Outcome> {
  readonly fingerprint: string;
  readonly untilMs: number;
  readonly outcome: Outcome;
}

/** A participant with its mailbox: one incarnation. */
export interface Box {
  readonly mailbox: Mailbox;
  /** Everything that was ever put into it. */
  readonly log: Entry[];
  acknowledged: number;
  /** The same, of what survives a crash for sure. */
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

/** What the store should hold, as plain data: a copy of it is what a copy of the store should hold. */
export interface State {
  /** Participants in the order of joining. */
  readonly rooms: Map<RoomId, Map<ParticipantId, Box>>;
  readonly departed: Mailbox[];
  readonly tokens: Token[];
  readonly joins: Map<string, Kept<{ readonly mailboxId: MailboxId; readonly resumed: boolean }>>;
}

export const emptyState = (): State => ({ rooms: new Map(), departed: [], tokens: [], joins: new Map() });

export const boxes = (state: State): Box[] => [...state.rooms.values()].flatMap((room) => [...room.values()]);

export const boxOf = (state: State, { roomId, participantId, mailboxId }: Mailbox): Box | undefined => {
  const box = state.rooms.get(roomId)?.get(participantId);
  return box?.mailbox.mailboxId === mailboxId ? box : undefined;
};

export const boxById = (state: State, mailboxId: MailboxId): Box | undefined =>
  boxes(state).find(({ mailbox }) => mailbox.mailboxId === mailboxId);

export const othersThan = (state: State, { roomId, participantId }: Omit<Mailbox, 'mailboxId'>): Box[] =>
  [...(state.rooms.get(roomId)?.values() ?? [])].filter(({ mailbox }) => mailbox.participantId !== participantId);

export const headOf = (box: Box): number => Math.max(box.acknowledged, box.log.at(-1)?.position ?? 0);

export const behind = (box: Box, position: number): Entry[] => box.log.filter((entry) => entry.position > position);

/** For good, once the sweep has met it, though the clock may go back in a restart. */
export const isDead = ({ swept, reported, expiresAtMs }: Entry, nowMs: number): boolean =>
  swept || reported || expiresAtMs <= nowMs;

export const isListening = (box: Box, nowMs: number): boolean => Math.max(box.heldUntilMs, box.listensUntilMs) > nowMs;

export const idleFromMs = (box: Box): number => Math.max(box.seenAtMs, box.heldUntilMs) + box.idleTimeoutMs;

/** Messages whose senders are still to be told that they expired. */
export const unreported = (box: Box, nowMs: number): Entry[] =>
  box.log.filter(
    (entry) =>
      entry.message !== undefined &&
      !entry.reported &&
      !entry.swept &&
      (entry.owed || (isDead(entry, nowMs) && entry.position > box.acknowledged)),
  );

export function enter(state: State, box: Box): void {
  const { roomId, participantId } = box.mailbox;
  const room = state.rooms.get(roomId) ?? new Map<ParticipantId, Box>();
  room.set(participantId, box);
  state.rooms.set(roomId, room);
}

/** Takes a participant out; what becomes of its tokens is the caller's to say. */
export function remove(state: State, { mailbox }: Box): void {
  const room = state.rooms.get(mailbox.roomId);
  room?.delete(mailbox.participantId);
  if (room?.size === 0) state.rooms.delete(mailbox.roomId);
  state.departed.push(mailbox);
  forgetKeysOf(state, mailbox.mailboxId);
}

export function depart(state: State, box: Box, reason: GoneReason, forgottenAtMs: number): void {
  remove(state, box);
  for (const token of tokensOf(state, box.mailbox.mailboxId)) {
    if (token.state === 'replaced') token.state = 'unknown';
    else Object.assign(token, { state: 'gone', reason, untilMs: forgottenAtMs });
  }
}

export function forgetKeysOf(state: State, mailboxId: MailboxId): void {
  for (const [scope, kept] of state.joins) if (kept.outcome.mailboxId === mailboxId) state.joins.delete(scope);
}

/** Those that still prove something. */
export const tokensOf = (state: State, mailboxId: MailboxId): Token[] =>
  state.tokens.filter((token) => token.mailboxId === mailboxId && ['fresh', 'used', 'replaced'].includes(token.state));

/** A deep copy of plain data and maps. (`structuredClone` makes its objects of another realm, which no deep comparison takes.) */
export function copyOf<T>(value: T): T {
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, copyOf<unknown>(one)])) as T;
  if (Array.isArray(value)) return value.map((one) => copyOf<unknown>(one)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyOf<unknown>(one)])) as T;
}
