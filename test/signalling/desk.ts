import { type Cursor, decodeCursor } from '../../src/signalling/cursor.ts';
import { SignallingError } from '../../src/signalling/errors.ts';
import { drain, Waiters } from '../../src/signalling/waiters.ts';
import { PollPacer } from '../../src/signalling/rate-limit.ts';
import { receive, type Batch } from '../../src/signalling/receive.ts';
import type { Hint, Joined, StoreAdapter } from '../../src/signalling/store.ts';
import { SILENT, type EndedPoll } from '../../src/signalling/telemetry.ts';
import { settle } from '../support/clock.ts';
import { summaryOf, type OpenFixture, type StoreFixture } from '../store-contract/store-fixture.ts';

export interface PollOptions {
  readonly after?: Cursor;
  readonly windowMs?: number;
  readonly limit?: number;
}

interface DeskOptions {
  readonly maxHeldPolls?: number;
  readonly paced?: boolean;
  readonly wrap?: (store: StoreAdapter) => StoreAdapter;
  /** What becomes of a hint; passed on when left out. */
  readonly onHint?: (hint: Hint, pass: () => void) => void;
}

/** One poll, and what has become of it so far. */
export class Polled {
  /** A word for how it ended, or the messages it brought; `undefined` while it is held. */
  said: string | undefined;
  batch: Batch | undefined;
  error: SignallingError | undefined;
  endedAtMs: number | undefined;
  hangUp: () => void = () => undefined;

  get cursor(): Cursor | undefined {
    return this.batch && decodeCursor(this.batch.cursor);
  }
}

/** Where polls are received: the rules of `receive`, on a real store in memory. */
export class Desk {
  readonly fixture: StoreFixture;
  readonly waiters: Waiters;
  readonly ended: EndedPoll[] = [];
  readonly #store: StoreAdapter;
  readonly #pacer: PollPacer | undefined;
  readonly #maxHeldPolls: number;

  constructor(fixture: StoreFixture, { maxHeldPolls = 1_000, paced = false, wrap, onHint }: DeskOptions = {}) {
    this.fixture = fixture;
    this.waiters = new Waiters(fixture.clock);
    this.#store = wrap?.(fixture.store) ?? fixture.store;
    this.#pacer = paced ? new PollPacer(fixture.clock) : undefined;
    this.#maxHeldPolls = maxHeldPolls;
    fixture.store.watch((hint) => {
      const pass = (): void => this.#announce(hint);
      if (onHint === undefined) pass();
      else onHint(hint, pass);
    });
  }

  /** Begins a poll and lets it come as far as it does by itself. */
  async poll(reader: Joined, { after, windowMs = 25_000, limit = 64 }: PollOptions = {}): Promise<Polled> {
    const polled = this.begin(reader, { ...(after && { after }), windowMs, limit });
    await settle();
    return polled;
  }

  begin(reader: Joined, { after, windowMs = 25_000, limit = 64 }: PollOptions = {}): Polled {
    const polled = new Polled();
    const onHangUp = (listener: () => void): void => {
      polled.hangUp = listener;
    };
    const context = {
      store: this.#store,
      waiters: this.waiters,
      clock: this.fixture.clock,
      pacer: this.#pacer,
      maxHeldPolls: () => this.#maxHeldPolls,
      telemetry: { ...SILENT, pollEnded: (_: unknown, poll: EndedPoll) => void this.ended.push(poll) },
    };
    void receive(context, reader.mailbox, { after, windowMs, limit, onHangUp })
      .then(
        (batch) => {
          polled.batch = batch;
          polled.said = batch === undefined ? 'hung up' : batch.messages.map(summaryOf).join(' ') || 'nothing';
        },
        (error: unknown) => {
          if (!(error instanceof SignallingError)) throw error;
          polled.error = error;
          polled.said = error.code;
        },
      )
      .finally(() => {
        polled.endedAtMs = this.fixture.clock.steadyMs();
      });
    return polled;
  }

  drain(overMs: number): Promise<void> {
    return drain(this.waiters, this.fixture.clock, overMs);
  }

  #announce(hint: Hint): void {
    if (hint.kind === 'messages') this.waiters.wake(hint.mailboxId);
    else if (hint.kind !== 'departed') this.waiters.end(hint.mailboxId, hint);
  }
}

export type OpenDesk = (options?: DeskOptions) => Promise<Desk>;

export const desks =
  (open: OpenFixture): OpenDesk =>
  async (options) =>
    new Desk(await open(), options);
