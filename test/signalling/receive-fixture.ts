import { type Cursor, decodeCursor } from '../../src/signalling/cursor.ts';
import { SignallingError } from '../../src/signalling/errors.ts';
import { NetworkWindows } from '../../src/signalling/network-windows.ts';
import { TimingWheel } from '../../src/signalling/timing-wheel.ts';
import { Waiters } from '../../src/signalling/waiters.ts';
import { PollPacer } from '../../src/signalling/rate-limit.ts';
import { receive, type Batch } from '../../src/signalling/receive.ts';
import type { Hint, Joined, Store } from '../../src/signalling/store.ts';
import { SILENT, type EndedPoll } from '../../src/signalling/telemetry.ts';
import { settle } from '../support/clock.ts';
import { summaryOf, type OpenFixture, type StoreFixture } from '../store-contract/store-fixture.ts';

export interface PollOptions {
  readonly after?: Cursor;
  readonly windowMs?: number;
  readonly limit?: number;
  readonly clientAddress?: () => string;
}

interface ReceiveFixtureOptions {
  readonly maxHeldPolls?: number;
  readonly paced?: boolean;
  readonly wrap?: (store: Store) => Store;
  /** Handles each hint instead of passing it on. */
  readonly onHint?: (hint: Hint, pass: () => void) => void;
}

/** A poll, and its outcome so far. */
export class ObservedPoll {
  /** The summaries of its messages, `nothing`, `hung up` or an error code; `undefined` while it is held. */
  outcome: string | undefined;
  batch: Batch | undefined;
  error: SignallingError | undefined;
  endedAtMs: number | undefined;
  hangUp: () => void = () => undefined;

  get cursor(): Cursor | undefined {
    return this.batch && decodeCursor(this.batch.cursor);
  }
}

/** Runs `receive` on a real store in memory. */
export class ReceiveFixture {
  readonly storeFixture: StoreFixture;
  readonly waiters: Waiters;
  readonly windows: TimingWheel;
  readonly networkWindows: NetworkWindows;
  readonly ended: EndedPoll[] = [];
  readonly #store: Store;
  readonly #pacer: PollPacer | undefined;
  readonly #maxHeldPolls: number;

  constructor(
    storeFixture: StoreFixture,
    { maxHeldPolls = 1_000, paced = false, wrap, onHint }: ReceiveFixtureOptions = {},
  ) {
    this.storeFixture = storeFixture;
    this.waiters = new Waiters(storeFixture.clock);
    this.windows = new TimingWheel(storeFixture.clock);
    this.networkWindows = new NetworkWindows(storeFixture.clock);
    this.#store = wrap?.(storeFixture.store) ?? storeFixture.store;
    this.#pacer = paced ? new PollPacer(storeFixture.clock) : undefined;
    this.#maxHeldPolls = maxHeldPolls;
    storeFixture.store.watch((hint) => {
      const pass = (): void => this.#applyHint(hint);
      if (onHint === undefined) pass();
      else onHint(hint, pass);
    });
  }

  /** Starts a poll, and resolves once it is held or has ended. */
  async poll(reader: Joined, options: PollOptions = {}): Promise<ObservedPoll> {
    const polled = this.startPoll(reader, options);
    await settle();
    return polled;
  }

  startPoll(reader: Joined, options: PollOptions = {}): ObservedPoll {
    const { after, windowMs = 25_000, limit = 64, clientAddress } = options;
    const polled = new ObservedPoll();
    const onHangUp = (listener: () => void): void => {
      polled.hangUp = listener;
    };
    const poll = { after, windowMs, limit, onHangUp, ...(clientAddress && { clientAddress }) };
    const context = {
      store: this.#store,
      waiters: this.waiters,
      windows: this.windows,
      networkWindows: this.networkWindows,
      clock: this.storeFixture.clock,
      pacer: this.#pacer,
      maxHeldPolls: () => this.#maxHeldPolls,
      telemetry: { ...SILENT, pollEnded: (_: unknown, poll: EndedPoll) => void this.ended.push(poll) },
    };
    void Promise.resolve(receive(context, reader.mailbox, poll))
      .then(
        (batch) => {
          polled.batch = batch;
          polled.outcome = batch === undefined ? 'hung up' : batch.messages.map(summaryOf).join(' ') || 'nothing';
        },
        (error: unknown) => {
          if (!(error instanceof SignallingError)) throw error;
          polled.error = error;
          polled.outcome = error.code;
        },
      )
      .finally(() => {
        polled.endedAtMs = this.storeFixture.clock.steadyMs();
      });
    return polled;
  }

  drain(overMs: number): Promise<void> {
    return this.waiters.drain(overMs);
  }

  #applyHint(hint: Hint): void {
    if (hint.kind === 'messages') this.waiters.wake(hint.mailboxId);
    else if (hint.kind !== 'departed') this.waiters.end(hint.mailboxId, hint);
  }
}

export type OpenReceiveFixture = (options?: ReceiveFixtureOptions) => Promise<ReceiveFixture>;

export const receiveFixtures =
  (open: OpenFixture): OpenReceiveFixture =>
  async (options) =>
    new ReceiveFixture(await open(), options);
