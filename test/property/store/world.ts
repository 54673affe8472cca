import assert from 'node:assert/strict';
import { SignallingError, type SignallingCode } from '../../../src/signalling/errors.ts';
import type { MailboxId, MessageId } from '../../../src/signalling/ids.ts';
import type { Mailbox, OutgoingMessage, ReceivedMessage } from '../../../src/signalling/message.ts';
import type { PollPresence, StoreAdapter } from '../../../src/signalling/store.ts';
import type { TestClock } from '../../support/clock.ts';
import type { LastingStore } from '../../support/store.ts';
import { boxes, emptyState, type Box, type State, type Words } from './state.ts';

export interface Sent {
  readonly sender: Mailbox;
  readonly message: OutgoingMessage;
  readonly sentAtMs: number;
}

/** A store, and what it should hold. */
export class World {
  readonly opened: LastingStore;
  clock: TestClock;
  state: State = emptyState();
  readonly sent = new Map<MessageId, Sent>();
  /** Every position that a reader was ever given, also of what a roll-back undid. */
  readonly cursors = new Map<MailboxId, number[]>();
  /** The newest poll of each mailbox, until it ends or its process does. */
  readonly polls = new Map<MailboxId, PollPresence>();
  clockWentBack = false;
  copy: { readonly state: State; readonly restore: () => Promise<unknown> } | undefined;

  constructor(opened: LastingStore, clock: TestClock) {
    this.opened = opened;
    this.clock = clock;
  }

  get store(): StoreAdapter {
    return this.opened.store;
  }

  get nowMs(): number {
    return this.clock.steadyMs();
  }

  openPoll(mailbox: Mailbox): PollPresence {
    const poll = this.store.openPoll(mailbox);
    this.polls.set(mailbox.mailboxId, poll);
    return poll;
  }

  /** Small numbers mean somebody who is there, 9 one who went. */
  mailbox(who: number): Mailbox | undefined {
    const { departed } = this.state;
    const there = boxes(this.state).map(({ mailbox }) => mailbox);
    if (who === 9 && departed.length > 0) return departed.at(-1);
    return there[who % Math.max(1, there.length)];
  }

  hand(mailboxId: MailboxId, position: number): void {
    const known = this.cursors.get(mailboxId) ?? [];
    if (!known.includes(position)) known.push(position);
    this.cursors.set(mailboxId, known);
  }
}

export type Outcome<T> = { readonly value: T } | { readonly code: SignallingCode; readonly error: SignallingError };

export async function attempt<T>(operation: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await operation };
  } catch (error) {
    if (error instanceof SignallingError) return { code: error.code, error };
    throw error;
  }
}

export function refusedWith(outcome: Outcome<unknown>, code: SignallingCode): SignallingError {
  assert.ok('code' in outcome, `should have been refused: ${code}`);
  assert.equal(outcome.code, code);
  return outcome.error;
}

export function worked<T>(outcome: Outcome<T>): T {
  if ('code' in outcome) throw outcome.error;
  return outcome.value;
}

/** What may have come to the end of a mailbox; nothing when left out. */
export type Tails = Map<MailboxId, (tail: readonly Words[]) => void>;

export const exactly =
  (...words: readonly Words[]) =>
  (tail: readonly Words[]): void =>
    assert.deepEqual(tail, words);

export const inAnyOrder =
  (required: readonly Words[], optional: readonly Words[] = []) =>
  (tail: readonly Words[]): void => {
    const rest = [...tail];
    for (const words of required) {
      const at = rest.indexOf(words);
      assert.notEqual(at, -1, `${words} is missing among ${tail.join(', ')}`);
      rest.splice(at, 1);
    }
    for (const words of rest) assert.ok(optional.includes(words), `nobody expected ${words}`);
    assert.equal(new Set(rest).size, rest.length, 'something came twice');
  };

/** The same for everyone of those. */
export const toAll = (recipients: readonly Box[], ...words: readonly Words[]): Tails =>
  new Map(recipients.map(({ mailbox }) => [mailbox.mailboxId, exactly(...words)]));

/** What a room event says; each kind says some of it. */
interface Said {
  readonly participant?: { readonly participantId: string };
  readonly participantId?: string;
  readonly reason?: string;
  readonly messageId?: string;
  readonly to?: string;
}

export function wordsOf({ id, type, sender, payload }: ReceivedMessage): Words {
  if (sender !== undefined) return `message ${id}`;
  const said = JSON.parse(payload ?? '{}') as Said;
  if (type === 'participant-joined') return `joined ${String(said.participant?.participantId)}`;
  if (type === 'participant-left') return `left ${String(said.participantId)} ${String(said.reason)}`;
  return `expired ${String(said.messageId)} to ${String(said.to)}`;
}
