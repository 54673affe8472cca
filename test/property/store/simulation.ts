import assert from 'node:assert/strict';
import type { Awaitable } from '../../../src/signalling/deferred.ts';
import { SignallingError, type SignallingCode } from '../../../src/signalling/errors.ts';
import type { MailboxId, MessageId } from '../../../src/signalling/ids.ts';
import type { Mailbox, OutgoingMessage, ReceivedMessage } from '../../../src/signalling/message.ts';
import type { PollPresence, Store } from '../../../src/signalling/store.ts';
import type { TestClock } from '../../support/clock.ts';
import type { PersistentStore } from '../../support/store.ts';
import { mailboxModels, emptyState, type MailboxModel, type State, type Summary } from './state.ts';

export interface Sent {
  readonly sender: Mailbox;
  readonly message: OutgoingMessage;
  readonly sentAtMs: number;
}

/** A store, and the model of what it should hold. */
export class Simulation {
  readonly opened: PersistentStore;
  clock: TestClock;
  state: State = emptyState();
  readonly sent = new Map<MessageId, Sent>();
  /** Every position that was ever issued, including those that a roll-back undid. */
  readonly cursors = new Map<MailboxId, number[]>();
  /** The newest poll of each mailbox, until it ends or its process does. */
  readonly polls = new Map<MailboxId, PollPresence>();
  clockWentBack = false;
  copy: { readonly state: State; readonly restore: () => Promise<unknown> } | undefined;

  constructor(opened: PersistentStore, clock: TestClock) {
    this.opened = opened;
    this.clock = clock;
  }

  get store(): Store {
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

  /** Small numbers choose a present participant, 9 a departed one. */
  mailbox(who: number): Mailbox | undefined {
    const { departed } = this.state;
    const there = mailboxModels(this.state).map(({ mailbox }) => mailbox);
    if (who === 9 && departed.length > 0) return departed.at(-1);
    return there[who % Math.max(1, there.length)];
  }

  recordCursor(mailboxId: MailboxId, position: number): void {
    const known = this.cursors.get(mailboxId) ?? [];
    if (!known.includes(position)) known.push(position);
    this.cursors.set(mailboxId, known);
  }
}

export type Outcome<T> = { readonly value: T } | { readonly code: SignallingCode; readonly error: SignallingError };

export async function attempt<T>(operation: () => Awaitable<T>): Promise<Outcome<T>> {
  try {
    return { value: await operation() };
  } catch (error) {
    if (error instanceof SignallingError) return { code: error.code, error };
    throw error;
  }
}

export function expectRefusal(outcome: Outcome<unknown>, code: SignallingCode): SignallingError {
  assert.ok('code' in outcome, `should have been refused: ${code}`);
  assert.equal(outcome.code, code);
  return outcome.error;
}

export function expectSuccess<T>(outcome: Outcome<T>): T {
  if ('code' in outcome) throw outcome.error;
  return outcome.value;
}

/** Checks of what arrived in a mailbox; a mailbox without one must have received nothing. */
export type Expectations = Map<MailboxId, (arrived: readonly Summary[]) => void>;

export const exactly =
  (...summary: readonly Summary[]) =>
  (arrived: readonly Summary[]): void =>
    assert.deepEqual(arrived, summary);

export const inAnyOrder =
  (required: readonly Summary[], optional: readonly Summary[] = []) =>
  (arrived: readonly Summary[]): void => {
    const rest = [...arrived];
    for (const summary of required) {
      const at = rest.indexOf(summary);
      assert.notEqual(at, -1, `${summary} is missing among ${arrived.join(', ')}`);
      rest.splice(at, 1);
    }
    for (const summary of rest) assert.ok(optional.includes(summary), `unexpected: ${summary}`);
    assert.equal(new Set(rest).size, rest.length, 'a message arrived twice');
  };

/** The same for each recipient. */
export const toAll = (recipients: readonly MailboxModel[], ...summary: readonly Summary[]): Expectations =>
  new Map(recipients.map(({ mailbox }) => [mailbox.mailboxId, exactly(...summary)]));

/** The payload of a room event; each kind has some of the fields. */
interface EventPayload {
  readonly participant?: { readonly participantId: string };
  readonly participantId?: string;
  readonly reason?: string;
  readonly messageId?: string;
  readonly to?: string;
}

export function summaryOf({ id, type, sender, payload }: ReceivedMessage): Summary {
  if (sender !== undefined) return `message ${id}`;
  const event = JSON.parse(payload ?? '{}') as EventPayload;
  if (type === 'participant-joined') return `joined ${String(event.participant?.participantId)}`;
  if (type === 'participant-left') return `left ${String(event.participantId)} ${String(event.reason)}`;
  return `expired ${String(event.messageId)} to ${String(event.to)}`;
}
