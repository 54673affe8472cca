import { afterEach, expect } from '@jest/globals';
import { encodeCursor, type Cursor } from '../../src/signalling/cursor.ts';
import type { SignallingCode, SignallingErrorDetails } from '../../src/signalling/errors.ts';
import {
  newMailboxId,
  newMessageId,
  type JsonText,
  type MessageId,
  type ParticipantId,
  type RoomId,
} from '../../src/signalling/ids.ts';
import { MAX_BATCH_BYTES, type Limits } from '../../src/signalling/limits.ts';
import type { GoneReason, OutgoingMessage, Receipt, ReceivedMessage } from '../../src/signalling/message.ts';
import type { Append, Join, Joined, Page, Store } from '../../src/signalling/store.ts';
import { mintToken, type TokenDigest, type TokenHandle } from '../../src/signalling/tokens.ts';
import { settle, TestClock } from '../support/clock.ts';
import { WIDE_LIMITS, type OpenedStore, type OpenOptions } from '../support/store.ts';

/** A joined participant with its token. */
export interface Member extends Joined {
  readonly handle: TokenHandle;
  readonly digest: TokenDigest;
}

export interface OutgoingOptions {
  readonly to?: string;
  readonly type?: string;
  readonly callId?: string;
  readonly ttlMs?: number;
}

export type JoinOptions = {
  readonly room?: string;
  readonly resume?: boolean;
  readonly displayName?: string;
  readonly metadata?: string;
  readonly idleTimeoutMs?: number;
  readonly proof?: Join['proof'];
  readonly key?: string;
  readonly body?: string;
};

export const roomId = (text: string): RoomId => text as RoomId;
export const participantId = (text: string): ParticipantId => text as ParticipantId;
export const LOBBY = roomId('lobby');
const DEFAULT_IDLE_MS = 60_000;
const DEFAULT_LIFETIME_MS = 120_000;

/** An outgoing message with that text as its payload. */
export const outgoing = (payload: string, options: OutgoingOptions = {}): OutgoingMessage => ({
  id: newMessageId(Date.UTC(2026, 0, 5)),
  type: options.type ?? 'custom',
  payload: JSON.stringify(payload) as JsonText,
  ttlMs: options.ttlMs ?? DEFAULT_LIFETIME_MS,
  ...(options.to !== undefined && { recipient: participantId(options.to) }),
  ...(options.callId !== undefined && { callId: options.callId }),
});

export const numbered = (count: number, options?: OutgoingOptions): OutgoingMessage[] =>
  Array.from({ length: count }, (_, index) => outgoing(`${index + 1}`, options));

/** A message in one short line. */
export function summaryOf({ type, payload }: ReceivedMessage): string {
  const value = payload === undefined ? undefined : (JSON.parse(payload) as unknown);
  if (type === 'participant-joined')
    return `joined ${(value as { participant: { participantId: string } }).participant.participantId}`;
  if (type === 'participant-left') {
    const left = value as { participantId: string; reason: GoneReason };
    return `left ${left.participantId} ${left.reason}`;
  }
  if (type === 'message-expired') return `expired to ${(value as { to: string }).to}`;
  return String(value);
}

export const summariesOf = (page: Page): string[] => page.messages.map(summaryOf);

export const cursorOf = ({ mailbox }: Joined, position: number): Cursor => ({ mailboxId: mailbox.mailboxId, position });

/** Expects this refusal with these details. */
export async function expectRefusal(
  operation: PromiseLike<unknown> | (() => unknown),
  code: SignallingCode,
  details: SignallingErrorDetails = {},
): Promise<void> {
  const refused = typeof operation === 'function' ? (async () => operation())() : operation;
  await expect(refused).rejects.toMatchObject({ name: 'SignallingError', code, details });
}

export const resetTo = (member: Joined, position: number): SignallingErrorDetails => ({
  resetCursor: encodeCursor(cursorOf(member, position)),
});

/** An open store with its clock, and short forms of its operations. */
export class StoreFixture<Opened extends OpenedStore = OpenedStore> {
  readonly opened: Opened;
  readonly clock: TestClock;

  constructor(opened: Opened, clock: TestClock) {
    this.opened = opened;
    this.clock = clock;
  }

  get store(): Store {
    return this.opened.store;
  }

  async join(id: string, options: JoinOptions = {}): Promise<Member> {
    const { displayName, metadata, idleTimeoutMs, key, body = 'body' } = options;
    const { handle, digest } = mintToken();
    const joined = await this.store.join({
      roomId: roomId(options.room ?? LOBBY),
      participantId: participantId(id),
      resume: options.resume ?? false,
      proof: options.proof ?? { kind: 'none' },
      profile: {
        ...(displayName !== undefined && { displayName }),
        ...(metadata !== undefined && { metadata: metadata as JsonText }),
        ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
      },
      defaultIdleTimeoutMs: DEFAULT_IDLE_MS,
      token: { handle, digest },
      mailboxId: newMailboxId(),
      ...(key !== undefined && { idempotency: { scope: `join ${key}`, fingerprint: body } }),
    });
    return { ...joined, handle, digest };
  }

  async joinAll<Ids extends readonly string[]>(...ids: Ids): Promise<{ [Index in keyof Ids]: Member }> {
    return (await inTurn(ids, (id) => this.join(id))) as { [Index in keyof Ids]: Member };
  }

  /** Joins again as the same participant, with its token as proof. */
  rejoin(member: Member, options: JoinOptions = {}): Promise<Member> {
    const { roomId: room, participantId: id } = member.mailbox;
    return this.join(id, { room, proof: { kind: 'token', handle: member.handle }, ...options });
  }

  async send(sender: Joined, ...messages: OutgoingMessage[]): Promise<readonly Receipt[]> {
    return (await this.store.append({ sender: sender.mailbox, messages })).receipts;
  }

  async sendKeyed(sender: Joined, key: string, messages: readonly OutgoingMessage[], body = 'body') {
    const idempotency: Append['idempotency'] = { scope: `send:${key}`, fingerprint: body };
    return this.store.append({ sender: sender.mailbox, messages, idempotency });
  }

  async read(
    reader: Joined,
    { after, limit = 1_000, maxBytes = MAX_BATCH_BYTES }: { after?: number; limit?: number; maxBytes?: number } = {},
  ): Promise<Page> {
    const cursor = after === undefined ? undefined : cursorOf(reader, after);
    return this.store.read(reader.mailbox, { after: cursor, limit, maxBytes });
  }

  /** Summaries of everything unacknowledged. */
  async inbox(reader: Joined): Promise<string[]> {
    return summariesOf(await this.read(reader));
  }

  async ids(reader: Joined): Promise<MessageId[]> {
    return (await this.read(reader)).messages.map(({ id }) => id);
  }

  /** The position of the last message. */
  async head(reader: Joined): Promise<number> {
    return (await this.read(reader)).position;
  }

  async acknowledge(reader: Joined, position: number): Promise<void> {
    return this.store.acknowledge(reader.mailbox, cursorOf(reader, position));
  }

  async acknowledgeAll(...readers: Joined[]): Promise<void> {
    for (const reader of readers) await this.acknowledge(reader, await this.head(reader));
  }

  async leave({ mailbox }: Joined, reason: GoneReason = 'left'): Promise<void> {
    return this.store.depart(mailbox.roomId, mailbox.participantId, reason, mailbox.mailboxId);
  }

  /** Each participant holds a poll from now on; resolves when the store has recorded it. */
  async hold(...members: readonly Joined[]): Promise<void> {
    for (const { mailbox } of members) this.store.openPoll(mailbox).hold(25_000);
    await settle();
  }

  async roster(room = 'lobby'): Promise<string[]> {
    return (await this.store.participants(roomId(room))).map(({ participantId: id }) => id);
  }

  async tokenState({ handle }: Member): Promise<string> {
    const token = await this.store.findToken(handle);
    if (token === undefined) return 'unknown';
    return token.state === 'gone' ? `gone ${token.reason}` : token.state;
  }

  /** Sweeps until nothing is due. */
  async sweep(): Promise<void> {
    while (await this.store.sweep());
  }

  /** Lets time pass and sweeps; the named participants do not time out. */
  async passTime(ms: number, ...present: Joined[]): Promise<void> {
    await this.clock.advance(ms);
    for (const { mailbox } of present) this.store.touch(mailbox);
    await this.sweep();
  }
}

export type OpenFixture<Opened extends OpenedStore = OpenedStore> = (
  limits?: Partial<Limits>,
) => Promise<StoreFixture<Opened>>;

/** @returns a function that opens a store, which closes with its test */
export function fixtures<Opened extends OpenedStore>(
  open: (options: OpenOptions) => Promise<Opened>,
): OpenFixture<Opened> {
  const opened: OpenedStore[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });
  return async (limits = {}) => {
    const clock = new TestClock();
    const one = await open({ clock, limits: { ...WIDE_LIMITS, ...limits } });
    opened.push(one);
    return new StoreFixture(one, clock);
  };
}

export async function inTurn<From, To>(items: readonly From[], each: (item: From) => Promise<To>): Promise<To[]> {
  const results: To[] = [];
  for (const item of items) results.push(await each(item));
  return results;
}
