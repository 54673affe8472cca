import assert from 'node:assert/strict';
import { decodeCursor } from '../../../src/signalling/cursor.ts';
import type { Awaitable } from '../../../src/signalling/deferred.ts';
import { SignallingError } from '../../../src/signalling/errors.ts';
import type { ParticipantId, RoomId } from '../../../src/signalling/ids.ts';
import { NO_CREDENTIAL } from '../../../src/signalling/credentials.ts';
import { LISTENING_GRACE_MS, RECONNECT_GRACE_MS } from '../../../src/signalling/limits.ts';
import type { Mailbox } from '../../../src/signalling/message.ts';
import type { Batch } from '../../../src/signalling/receive.ts';
import { Signalling } from '../../../src/signalling/signalling.ts';
import type { Hint, Page, ReadRange, Store } from '../../../src/signalling/store.ts';
import { pass, settle, type TestClock } from '../../support/clock.ts';
import { replacing, type PersistentStore } from '../../support/store.ts';
import { Client, type PollInFlight, type Reader } from './client.ts';
import { SocketReading, type ReadingOptions } from './socket-reading.ts';

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
  /** The polls and readings of this process, ended ones included. */
  readers: Reader[] = [];
  isDraining = false;
  /** Timers of a process without readers. */
  idleTimers = 0;
  #count = 0;
  /** Grows with everything that polls and readings do. */
  #steps = 0;
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

  get live(): Reader[] {
    return this.readers.filter(({ ended }) => !ended);
  }

  get readings(): SocketReading[] {
    return this.live.filter((reader) => reader instanceof SocketReading);
  }

  /** Waits until nothing changes any more; then every poll must be held, and every reading go on, for a reason. */
  async settle(): Promise<void> {
    await settle();
    for (let before = -1; before !== this.#steps;) {
      before = this.#steps;
      await settle();
    }
    for (const judge of this.#replies.splice(0)) judge();
    if (this.#failures.length > 0) throw this.#failures[0];
    const { live } = this;
    const held = this.signalling.heldIn(ROOM).map(({ participantId, transport }) => `${participantId} ${transport}`);
    const known = live.map(({ client, transport }) => `${client.joined.mailbox.participantId} ${transport}`);
    assert.deepEqual(held.sort(), known.sort(), 'a waiter is left over');
    assert.equal(this.signalling.heldPolls, live.length - this.readings.length, 'a poll is left over');
    assert.equal(new Set(live.map(({ client }) => client)).size, live.length, 'a mailbox has two readers');
    for (const reader of live) this.#check(reader);
  }

  #check(reader: Reader): void {
    const { client, isOver } = reader;
    assert.ok(!isOver && client.isThere, 'a reader outlived its participant');
    reader.wasHeld = true;
    if (reader instanceof SocketReading) reader.check();
    else if (!client.missedHint)
      assert.deepEqual(client.waiting(reader, this.clock.steadyMs()), [], 'a message waits beside a held poll');
  }

  begin(client: Client, after: string | undefined, windowMs: number, limit: number, lost: boolean): PollInFlight {
    const startedAtMs = this.clock.steadyMs();
    const number = this.#next(client);
    const state = { isOver: false, hungUp: false, wasHeld: false, ended: false, hangUp: () => undefined as unknown };
    const { surelyAcknowledged } = client;
    const transport = 'poll' as const;
    const begun = { transport, client, after, surelyAcknowledged, startedAtMs, windowMs, lost, number };
    const poll: PollInFlight = Object.assign(state, begun);
    this.readers.push(poll);
    const onHangUp = (listener: () => void): void => void (state.hangUp = listener);
    const cursor = after === undefined ? undefined : decodeCursor(after);
    if (after !== undefined) client.acknowledgedUpTo(after, 'perhaps');
    void this.signalling.receive(client.joined.mailbox, { after: cursor, windowMs, limit, onHangUp }).then(
      (batch) => {
        this.#note(poll, (nowMs) => this.#answered(poll, batch, nowMs));
        this.#left(poll, batch === undefined ? 'cut' : 'answered');
      },
      (error: unknown) => this.#note(poll, (nowMs) => this.#refused(poll, error, nowMs)),
    );
    return poll;
  }

  read(client: Client, options: Omit<ReadingOptions, 'number'>): void {
    const { signalling, clock } = this;
    const reading: SocketReading = new SocketReading(
      client,
      { ...options, number: this.#next(client) },
      {
        signalling,
        clock,
        isAlive: () => this.signalling === signalling,
        note: (judge) => {
          this.#steps += 1;
          this.#replies.push(judge);
        },
        left: (reader, how) => this.#left(reader, how),
        hasNewer: (reader) => this.#hasNewer(reader),
        isDraining: () => this.isDraining,
      },
    );
    this.readers.push(reading);
    reading.start();
  }

  #left({ client, wasHeld }: Reader, how: 'answered' | 'cut'): void {
    const nowMs = this.clock.steadyMs();
    if (how === 'answered') client.listensUntilMs = nowMs + LISTENING_GRACE_MS;
    else {
      const isCertain = wasHeld && !this.live.some((other) => other.client === client);
      const atLeast = isCertain ? -Infinity : client.listensUntilMs;
      client.listensUntilMs = Math.max(atLeast, nowMs + RECONNECT_GRACE_MS);
    }
  }

  /** Who has a reader counts as listening; who has had none for a while does not. */
  async checkRoster(): Promise<void> {
    const roster = await this.signalling.participants(ROOM);
    for (const client of this.present) {
      const { participantId } = client.joined.mailbox;
      const listening = roster.find((participant) => participant.participantId === participantId)?.listening;
      if (this.live.some((reader) => reader.client === client)) assert.ok(listening, 'a reader does not listen');
      else if (this.clock.steadyMs() >= client.listensUntilMs) assert.equal(listening, false, 'it listens no more');
    }
  }

  #next(client: Client): number {
    if (!this.live.some((reader) => reader.client === client)) client.missedHint = false;
    return (this.#count += 1);
  }

  #hasNewer({ client, number }: Reader): boolean {
    return this.readers.some((other) => other.client === client && other.number > number);
  }

  /** A reply may be there before the one to the send that caused it: both are looked at when all has come to rest. */
  #note(poll: PollInFlight, judge: (nowMs: number) => void): void {
    poll.ended = true;
    this.#steps += 1;
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
    assert.ok(!isEmpty || this.isDraining || heldMs >= windowMs * 0.9 - 1, 'answered empty before its window ended');
    const missed = client.waiting(poll, nowMs).filter(({ acceptedAtMs }) => acceptedAtMs < nowMs);
    assert.ok(!isEmpty || missed.length === 0, 'answered empty although a message was there');
    client.take(poll, batch, nowMs);
    if (!poll.lost) client.see(batch);
  }

  #refused(poll: PollInFlight, error: unknown, nowMs: number): void {
    if (!(error instanceof SignallingError)) throw error;
    const { client, after } = poll;
    if (error.code === 'poll-superseded') {
      client.noteCut(nowMs - poll.startedAtMs);
      assert.ok(this.#hasNewer(poll), 'superseded without a newer reader');
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
    // Its readers end before the answer arrives.
    if (before !== undefined && how === 'restart') before.isThere = false;
    for (const reader of this.readers) reader.isOver ||= reader.client === before;
    const joined = await joining;
    if (joined.resumed && before !== undefined) {
      before.continuedAt(joined.cursor);
      Object.assign(before.joined, { token: joined.token });
    } else this.clients.push(new Client(joined));
  }

  /** The process ends with all its connections, and another one starts on its data. */
  async restart(how: 'reopen' | 'kill'): Promise<void> {
    this.signalling.close();
    this.readers = [];
    for (const client of this.clients) client.listensUntilMs = Infinity;
    this.isDraining = false;
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
    const signalling = new Signalling({
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
    this.idleTimers = this.clock.timers;
    return signalling;
  }

  #read(store: Store, mailbox: Mailbox, range: ReadRange): Awaitable<Page> {
    return this.slowReads ? this.#readSlowly(store, mailbox, range) : store.read(mailbox, range);
  }

  async #readSlowly(store: Store, mailbox: Mailbox, range: ReadRange): Promise<Page> {
    const page = await store.read(mailbox, range);
    await pass(2);
    this.#steps += 1;
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
