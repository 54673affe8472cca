import { Registry } from 'prom-client';
import type { ExceededLimit } from '../../signalling/errors.ts';
import type { GoneReason, Mailbox, OutgoingMessage, Receipt } from '../../signalling/message.ts';
import type { EndedPoll, EndedReading, PollEnd, ReadingEnd, SentBatch, Telemetry } from '../../signalling/telemetry.ts';
import { BucketHistogram, CellCounter, type Cell } from './cheap-metrics.ts';
import { processMetrics, registerGauges, type Sources } from './gauges.ts';
import { MessageMetrics } from './message-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';

const COMMIT_SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const COMMIT_OPERATIONS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** Requests beyond this rate get the latest text again: a flood of `GET /metrics` costs 35 bytes a request. */
const MAX_RENDERINGS_PER_SECOND = 10;
const SECOND_MS = 1_000;

/** Values of the label `cause`. */
const CAUSES: Record<PollEnd, string> = {
  message: 'message',
  window: 'window',
  shortened: 'shortened',
  superseded: 'superseded',
  gone: 'gone',
  'hung-up': 'client_closed',
  draining: 'draining',
  refused: 'refused',
};

/** Values of the label `cause` for readings of sockets. */
const READING_CAUSES: Record<ReadingEnd, string> = {
  superseded: 'superseded',
  gone: 'gone',
  'hung-up': 'client_closed',
  silent: 'silent',
  draining: 'draining',
  refused: 'refused',
};

/** Values of the label `reason`. */
const REASONS: Record<GoneReason, string> = {
  left: 'left',
  timeout: 'timeout',
  replaced: 'replaced',
  removed: 'removed',
};

type LimitName = ExceededLimit['name'];

/** Values of the label `limit`. */
const LIMITS: Record<LimitName, string> = {
  messages: 'messages',
  joins: 'joins',
  authentication: 'authentication',
  roster: 'roster',
  participants: 'participants',
};

/** Counts events for Prometheus. One per service, with a registry of its own. */
export class Metrics implements Telemetry {
  readonly #registry = new Registry();
  readonly #messages = new MessageMetrics(this.#registry);
  readonly #requests = new RequestMetrics(this.#registry);
  readonly #pollEnds: Record<PollEnd, Cell>;
  readonly #readingEnds: Record<ReadingEnd, Cell>;
  readonly #socketBatches: Cell;
  readonly #gone: Record<GoneReason, Cell>;
  readonly #limits: Record<LimitName, Cell>;
  readonly #commitTime = new BucketHistogram({
    name: 'holdline_commit_seconds',
    help: 'Time of one transaction, its fsync included. The event loop waits for it.',
    bounds: COMMIT_SECONDS,
  });
  readonly #commitSize = new BucketHistogram({
    name: 'holdline_commit_operations',
    help: 'Operations that shared one transaction.',
    bounds: COMMIT_OPERATIONS,
  });
  readonly #commitSeconds = this.#commitTime.buckets();
  readonly #commitOperations = this.#commitSize.buckets();
  #secondStartedMs = 0;
  #renderingsInSecond = 0;
  #newestText: Promise<string> | undefined;

  constructor() {
    const counter = (name: string, help: string, label: string) => new CellCounter(this.#registry, name, help, [label]);
    const ends = counter('holdline_poll_ends_total', 'Polls by the cause of their end.', 'cause');
    this.#pollEnds = mapValues(CAUSES, (cause) => ends.cell(cause));
    const readings = counter('holdline_reading_ends_total', 'Readings of sockets by the cause of their end.', 'cause');
    this.#readingEnds = mapValues(READING_CAUSES, (cause) => readings.cell(cause));
    const batches = 'Batches with messages that sockets were sent.';
    this.#socketBatches = new CellCounter(this.#registry, 'holdline_socket_batches_total', batches, []).cell();
    const gone = counter('holdline_participants_gone_total', 'Participants that are gone, by reason.', 'reason');
    this.#gone = mapValues(REASONS, (reason) => gone.cell(reason));
    const limits = counter('holdline_rate_limited_total', 'Requests that a rate limit refused.', 'limit');
    this.#limits = mapValues(LIMITS, (limit) => limits.cell(limit));
  }

  /** Adds the gauges, whose sources exist only once the service is wired. */
  observe(sources: Sources): void {
    registerGauges(this.#registry, sources);
  }

  /** Returns the metrics in Prometheus' text format, at most one second old. */
  text(): Promise<string> {
    const nowMs = performance.now();
    if (nowMs - this.#secondStartedMs >= SECOND_MS) {
      this.#secondStartedMs = nowMs;
      this.#renderingsInSecond = 0;
    }
    this.#renderingsInSecond += 1;
    if (this.#renderingsInSecond <= MAX_RENDERINGS_PER_SECOND || this.#newestText === undefined) {
      this.#newestText = this.#render();
    }
    return this.#newestText;
  }

  async #render(): Promise<string> {
    const [own, ofProcess] = await Promise.all([this.#registry.metrics(), processMetrics()]);
    const histograms = [
      this.#requests.secondsText(),
      this.#messages.deliveryText(),
      this.#commitTime.text(),
      this.#commitSize.text(),
    ];
    return [own, ofProcess, ...histograms].join('\n');
  }

  answered(operation: string, status: number, code: string | undefined, elapsedMs: number): void {
    this.#requests.responded(operation, status, code, elapsedMs);
  }

  rateLimited(limit: LimitName): void {
    this.#limits[limit].count += 1;
  }

  joined(): void {
    // `holdline_http_requests_total` counts joins.
  }

  departed({ mailboxId }: Mailbox, reason: GoneReason, unread: number): void {
    this.#gone[reason].count += 1;
    this.#messages.departed(mailboxId, unread);
  }

  sent(_sender: Mailbox, messages: readonly OutgoingMessage[], receipts: readonly Receipt[]): void {
    messages.forEach(({ type }, index) => this.#messages.stored(type, receipts[index]?.recipients.length ?? 0));
  }

  pollHeld(): void {
    // `holdline_held_polls` reads the number of waiters.
  }

  pollEnded({ mailboxId }: Mailbox, { end, heldMs, messages }: EndedPoll): void {
    this.#pollEnds[end].count += 1;
    this.#messages.replied(mailboxId, messages, heldMs !== undefined);
  }

  batchSent({ mailboxId }: Mailbox, { messages, wasHeld }: SentBatch): void {
    this.#socketBatches.count += 1;
    this.#messages.replied(mailboxId, messages, wasHeld);
  }

  readingEnded(_mailbox: Mailbox, { end }: EndedReading): void {
    this.#readingEnds[end].count += 1;
  }

  acknowledged({ mailboxId }: Mailbox, position: number): void {
    this.#messages.acknowledged(mailboxId, position);
  }

  expired({ mailboxId }: Mailbox, position: number): void {
    this.#messages.expired(mailboxId, position);
  }

  committed(operations: number, elapsedMs: number): void {
    this.#commitSeconds.observe(elapsedMs / 1_000);
    this.#commitOperations.observe(operations);
  }
}

function mapValues<Key extends string, T>(record: Record<Key, string>, make: (value: string) => T): Record<Key, T> {
  const entries = Object.entries<string>(record).map(([key, value]) => [key, make(value)] as const);
  return Object.fromEntries(entries) as Record<Key, T>;
}
