import { Registry } from 'prom-client';
import { failedAuthenticationRate, joinRate, messageRate, rosterRate } from '../../signalling/limits.ts';
import type { GoneReason, Mailbox, OutgoingMessage, Receipt } from '../../signalling/message.ts';
import type { Copy, EndedPoll, PollEnd, Telemetry } from '../../signalling/telemetry.ts';
import { Counters, type Cell } from './counters.ts';
import { gaugeEventLoopLag } from './event-loop.ts';
import { registerGauges, type Sources } from './gauges.ts';
import { HandedOut } from './handed-out.ts';
import { Histogram, type Observer } from './histogram.ts';
import { MessageCounters } from './messages.ts';
import { RequestMetrics } from './requests.ts';

const DELIVERY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const COMMIT_SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const COMMIT_OPERATIONS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** For their names; the numbers are of no matter here. */
const RATES = [messageRate(1), joinRate(1), failedAuthenticationRate(1), rosterRate(true)];
const LIMITS = [...RATES.map(({ name }) => name), 'participants'];

/** Renderings per second; beyond it the newest is sent again. A flood of `GET /metrics` costs 35 bytes a request. */
const TEXTS_PER_SECOND = 10;
const SECOND_MS = 1_000;

/** In the words of those who read dashboards. */
const CAUSES: Record<PollEnd, string> = {
  message: 'message',
  window: 'window',
  superseded: 'superseded',
  gone: 'gone',
  'hung-up': 'client_closed',
  draining: 'draining',
  refused: 'refused',
};

const REASONS: Record<GoneReason, string> = {
  left: 'left',
  timeout: 'timeout',
  replaced: 'replaced',
  removed: 'removed',
};

/** Counts what happens, for Prometheus. One per service, with a registry of its own. */
export class Metrics implements Telemetry {
  readonly #registry = new Registry();
  readonly #messages = new MessageCounters(this.#registry);
  readonly #requests = new RequestMetrics(this.#registry);
  readonly #handedOut = new HandedOut();
  readonly #pollEnds: Record<PollEnd, Cell>;
  readonly #gone: Record<GoneReason, Cell>;
  readonly #limits: Counters<'limit'>;
  readonly #delivery = new Histogram({
    name: 'holdline_delivery_seconds',
    help: 'From commit to reply, the first time a message is in one: poll="held" when a poll was waiting for it, "pending" when it waited for a poll.',
    label: 'poll',
    bounds: DELIVERY_SECONDS,
  });
  readonly #commitTime = new Histogram({
    name: 'holdline_commit_seconds',
    help: 'Time of one transaction, its fsync included. The event loop waits for it.',
    bounds: COMMIT_SECONDS,
  });
  readonly #commitSize = new Histogram({
    name: 'holdline_commit_operations',
    help: 'Operations that shared one transaction.',
    bounds: COMMIT_OPERATIONS,
  });
  readonly #deliveredHeld: Observer = this.#delivery.observer('held');
  readonly #deliveredPending: Observer = this.#delivery.observer('pending');
  readonly #commitSeconds: Observer = this.#commitTime.observer();
  readonly #commitOperations: Observer = this.#commitSize.observer();
  readonly #stopLag: () => void;
  #secondStartedMs = 0;
  #textsInSecond = 0;
  #newestText: Promise<string> | undefined;

  constructor() {
    const ends = new Counters(this.#registry, 'holdline_poll_ends_total', 'Polls by what ended them.', ['cause']);
    this.#pollEnds = mapped(CAUSES, (cause) => ends.cell(cause));
    const gone = new Counters(this.#registry, 'holdline_participants_gone_total', 'Participants by how they went.', [
      'reason',
    ]);
    this.#gone = mapped(REASONS, (reason) => gone.cell(reason));
    this.#limits = new Counters(this.#registry, 'holdline_rate_limited_total', 'Requests that a rate limit refused.', [
      'limit',
    ]);
    for (const name of LIMITS) this.#limits.cell(name);
    this.#stopLag = gaugeEventLoopLag(this.#registry);
  }

  /** What can be asked only once everything is wired. */
  observe(sources: Sources): void {
    registerGauges(this.#registry, sources);
  }

  /** At most one second old. */
  text(): Promise<string> {
    const nowMs = performance.now();
    if (nowMs - this.#secondStartedMs >= SECOND_MS) {
      this.#secondStartedMs = nowMs;
      this.#textsInSecond = 0;
    }
    this.#textsInSecond += 1;
    if (this.#textsInSecond <= TEXTS_PER_SECOND || this.#newestText === undefined) this.#newestText = this.#render();
    return this.#newestText;
  }

  async #render(): Promise<string> {
    const histograms = [this.#requests.seconds, this.#delivery, this.#commitTime, this.#commitSize];
    return [await this.#registry.metrics(), ...histograms.map((histogram) => histogram.text())].join('\n');
  }

  close(): void {
    this.#stopLag();
  }

  answered(operation: string, status: number, code: string | undefined, elapsedMs: number): void {
    this.#requests.answered(operation, status, code, elapsedMs);
  }

  /** @param limit one of a fixed set of names */
  rateLimited(limit: string): void {
    this.#limits.cell(limit).count += 1;
  }

  joined(): void {
    // Counted by its operation.
  }

  departed({ mailboxId }: Mailbox, reason: GoneReason, unread: readonly Copy[]): void {
    this.#gone[reason].count += 1;
    const handedOut = this.#handedOut.upTo(mailboxId);
    for (const { type, position } of unread) if (position > handedOut) this.#messages.count(type, 'undeliverable');
    this.#handedOut.forget(mailboxId);
  }

  sent(_sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void {
    messages.forEach(({ type }, index) => this.#messages.stored(type, receipts[index]?.recipients.length ?? 0));
  }

  pollHeld(): void {
    // Gauged from the waiters themselves.
  }

  pollEnded({ mailboxId }: Mailbox, { end, heldMs, messages }: EndedPoll): void {
    this.#pollEnds[end].count += 1;
    const last = messages.at(-1);
    if (last === undefined) return;
    const histogram = heldMs === undefined ? this.#deliveredPending : this.#deliveredHeld;
    const handedOut = this.#handedOut.upTo(mailboxId);
    for (const { type, position, ageMs } of messages) {
      if (position <= handedOut) continue;
      this.#messages.count(type, 'delivered');
      histogram.observe(ageMs / 1_000);
    }
    this.#handedOut.note(mailboxId, last.position);
  }

  acknowledged({ mailboxId }: Mailbox, position: number): void {
    this.#handedOut.acknowledge(mailboxId, position);
  }

  expired({ mailboxId }: Mailbox, { type, position }: Copy): void {
    if (position > this.#handedOut.upTo(mailboxId)) this.#messages.count(type, 'expired');
  }

  committed(operations: number, elapsedMs: number): void {
    this.#commitSeconds.observe(elapsedMs / 1_000);
    this.#commitOperations.observe(operations);
  }
}

function mapped<Key extends string, T>(words: Record<Key, string>, make: (word: string) => T): Record<Key, T> {
  const entries = Object.entries<string>(words).map(([key, word]) => [key, make(word)] as const);
  return Object.fromEntries(entries) as Record<Key, T>;
}
