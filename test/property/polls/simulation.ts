import assert from 'node:assert/strict';
import { decodeCursor } from '../../../src/signalling/cursor.ts';
import { SignallingError } from '../../../src/signalling/errors.ts';
import type { ParticipantId, RoomId } from '../../../src/signalling/ids.ts';
import { NO_CREDENTIAL } from '../../../src/signalling/credentials.ts';
import type { Mailbox } from '../../../src/signalling/message.ts';
import type { Batch } from '../../../src/signalling/receive.ts';
import { Signalling } from '../../../src/signalling/signalling.ts';
import type { Hint, Page, ReadRange, Store } from '../../../src/signalling/store.ts';
import { pass, settle, type TestClock } from '../../support/clock.ts';
import { replacing, type PersistentStore } from '../../support/store.ts';
import { Client, type PollInFlight } from './client.ts';

const ROOM = 'room' as RoomId;
export const idOf = (index: number): ParticipantId => `p${index}` as ParticipantId;

/** No participant times out in a sequence: timeouts are tested on the store. */
const IDLE_TIMEOUT_MS = 86_400_000;
const MAX_LATE_MS = 700;

/** The rules on a store, its clients, and all exchanges between them. */
export class Simulation {
  readonly opened: PersistentStore;
  clock: TestClock;
  signalling: Signalling;
  hints: 'passed' | 'dropped' | 'doubled' | 'late' = 'passed';
  slowReads = false;
  readonly clients: Client[] = [];
  polls: PollInFlight[] = [];
  #count = 0;
  readonly #replies: (() => void)[] = [];
  readonly #failures: unknown[] = [];

  constructor(opened: PersistentStore, clock: TestClock) {
    this.opened = opened;
    this.clock = clock;
    this.signalling = this.#start();
  }

  get present(): Client[] {
    return this.clients.filter(({ isThere }) => isThere);
  }

  client(who: number): Client | undefined {
    return this.present[who % Math.max(1, this.present.length)];
  }

  /** Waits until nothing changes any more; then every held poll must be held for a reason. */
  async settle(): Promise<void> {
    await settle();
    for (const judge of this.#replies.splice(0)) judge();
    if (this.#failures.length > 0) throw this.#failures[0];
    const held = this.polls.filter(({ ended }) => !ended);
    assert.equal(this.signalling.heldPolls, held.length, 'a waiter is left over');
    assert.equal(new Set(held.map(({ client }) => client)).size, held.length, 'two polls of one mailbox are held');
    for (const poll of held) {
      const { client, isOver } = poll;
      assert.ok(!isOver && client.isThere, 'a poll outlived its participant');
      if (client.missedHint) continue;
      assert.deepEqual(client.waiting(poll, this.clock.steadyMs()), [], 'a message waits beside a held poll');
    }
  }

  begin(client: Client, after: string | undefined, windowMs: number, limit: number, lost: boolean): PollInFlight {
    const startedAtMs = this.clock.steadyMs();
    const number = (this.#count += 1);
    if (!this.polls.some((poll) => poll.client === client && !poll.ended)) client.missedHint = false;
    const state = { isOver: false, hungUp: false, ended: false, hangUp: () => undefined as unknown };
    const { surelyAcknowledged } = client;
    const begun = { client, after, surelyAcknowledged, startedAtMs, windowMs, lost, number };
    const poll: PollInFlight = Object.assign(state, begun);
    this.polls.push(poll);
    const onHangUp = (listener: () => void): void => void (state.hangUp = listener);
    const cursor = after === undefined ? undefined : decodeCursor(after);
    if (after !== undefined) client.acknowledgedUpTo(after, 'perhaps');
    void this.signalling.receive(client.joined.mailbox, { after: cursor, windowMs, limit, onHangUp }).then(
      (batch) => this.#note(poll, (nowMs) => this.#answered(poll, batch, nowMs)),
      (error: unknown) => this.#note(poll, (nowMs) => this.#refused(poll, error, nowMs)),
    );
    return poll;
  }

  /** A reply may be there before the one to the send that caused it: both are looked at when all has come to rest. */
  #note(poll: PollInFlight, judge: (nowMs: number) => void): void {
    poll.ended = true;
    const nowMs = this.clock.steadyMs();
    this.#replies.push(() => judge(nowMs));
  }

  #answered(poll: PollInFlight, batch: Batch | undefined, nowMs: number): void {
    const { client, startedAtMs } = poll;
    const heldMs = nowMs - startedAtMs;
    assert.ok(heldMs <= poll.windowMs, 'held longer than asked for');
    if (batch === undefined) {
      assert.ok(poll.hungUp, 'answered nothing to one who is there');
      client.noteCut(heldMs);
      return;
    }
    const windowMs = shortestWindowMs(poll, batch);
    const isEmpty = batch.messages.length === 0 && batch.expired === 0;
    assert.ok(!isEmpty || heldMs >= windowMs * 0.9 - 1, 'answered empty before its window ended');
    const missed = client.waiting(poll, nowMs).filter(({ acceptedAtMs }) => acceptedAtMs < nowMs);
    assert.ok(!isEmpty || missed.length === 0, 'answered empty although a message was there');
    client.take(poll, batch, nowMs);
  }

  #refused(poll: PollInFlight, error: unknown, nowMs: number): void {
    if (!(error instanceof SignallingError)) throw error;
    const { client, after, number } = poll;
    if (error.code === 'poll-superseded') {
      client.noteCut(nowMs - poll.startedAtMs);
      assert.ok(
        this.polls.some((other) => other.client === client && other.number > number),
        'superseded without a newer poll',
      );
      if (after !== undefined) client.acknowledgedUpTo(after, 'perhaps');
    } else if (error.code === 'participant-gone') {
      assert.ok(!client.isThere || error.details.reason === 'replaced', 'refused as gone while it is present');
    } else {
      assert.equal(error.code, 'cursor-expired');
      assert.ok(after !== undefined && client.mayHaveExpired(after), 'a good cursor was refused');
      client.continuedAt(error.details.resetCursor ?? '');
    }
  }

  async join(id: ParticipantId, how: 'new' | 'resume' | 'restart'): Promise<void> {
    const before = this.present.find(({ joined }) => joined.mailbox.participantId === id);
    const credential =
      how === 'new' || before === undefined ? NO_CREDENTIAL : await this.signalling.identify(before.joined.token);
    assert.ok(credential, 'a token was forgotten');
    const profile = { idleTimeoutMs: IDLE_TIMEOUT_MS };
    const request = { roomId: ROOM, participantId: id, resume: how === 'resume', profile, clientAddress: 'test' };
    const joining = this.signalling.join(request, credential);
    if (how === 'new' && before !== undefined) {
      await assert.rejects(async () => joining, { code: 'participant-exists' });
      return;
    }
    // Its polls end before the answer arrives.
    if (before !== undefined && how === 'restart') before.isThere = false;
    for (const poll of this.polls) poll.isOver ||= poll.client === before;
    const joined = await joining;
    if (joined.resumed && before !== undefined) {
      before.continuedAt(joined.cursor);
      Object.assign(before.joined, { token: joined.token });
    } else this.clients.push(new Client(joined));
  }

  /** The process ends with all its connections, and another one starts on its data. */
  async restart(how: 'reopen' | 'kill'): Promise<void> {
    this.signalling.close();
    this.polls = [];
    this.#replies.length = 0;
    this.clock = this.clock.restarted();
    await this.opened[how](this.clock);
    this.signalling = this.#start();
  }

  stop(): void {
    this.signalling.close();
  }

  #start(): Signalling {
    const { store } = this.opened;
    const watch: Store['watch'] = (watcher) => store.watch((hint) => this.#pass(hint, watcher));
    return new Signalling({
      store: replacing(store, { watch, read: (mailbox, range) => this.#read(store, mailbox, range) }),
      clock: this.clock,
      log: { info: () => undefined, error: (fields) => this.#failures.push(fields) },
      maxHeldPolls: 1_000,
      defaultIdleTimeoutMs: IDLE_TIMEOUT_MS,
      joinPolicy: { kind: 'open' },
      joinsPerMinute: Infinity,
      maxParticipantsPerAddress: Infinity,
      messagesPerSecond: Infinity,
      pacePolls: false,
    });
  }

  async #read(store: Store, mailbox: Mailbox, range: ReadRange): Promise<Page> {
    const page = await store.read(mailbox, range);
    if (this.slowReads) await pass(2);
    return page;
  }

  /** Hints of departures are always passed on: if a store loses one, the poll is held to the end of its window. */
  #pass(hint: Hint, watcher: (hint: Hint) => void): void {
    const passes = hint.kind === 'messages' ? this.hints : 'passed';
    if (passes === 'late' || passes === 'dropped') {
      for (const client of this.clients)
        if (client.joined.mailbox.mailboxId === hint.mailboxId) client.missedHint = true;
    }
    if (passes === 'late') this.clock.after(MAX_LATE_MS, () => watcher(hint));
    else if (passes !== 'dropped') watcher(hint);
    if (passes === 'doubled') watcher(hint);
  }
}

/** The window of a poll, or the one by which the server shortened it after cuts: at least 2 s, and below one of them. */
function shortestWindowMs({ client, windowMs }: PollInFlight, { waitSeconds }: Batch): number {
  if (waitSeconds === undefined) return windowMs;
  const shortenedMs = waitSeconds * 1_000;
  assert.ok(shortenedMs >= 2_000 && shortenedMs < windowMs, 'a window that is no shorter one');
  assert.ok(client.cutsMs.filter((ageMs) => ageMs > shortenedMs).length >= 2, 'shortened without two cuts');
  return shortenedMs;
}
