import type { Clock } from './clock.ts';
import { encodeCursor, type Cursor } from './cursor.ts';
import { participantGone, pollSuperseded, tooManyPolls } from './errors.ts';
import { MAX_BATCH_BYTES } from './limits.ts';
import type { Mailbox, ReceivedMessage } from './message.ts';
import type { PollPacer } from './rate-limit.ts';
import type { Page, PollOutcome, PollPresence, SignallingStore } from './store.ts';
import type { PollEnd, Telemetry } from './telemetry.ts';
import type { WaitEnd, Waiter, Waiters } from './waiters.ts';

export interface Poll {
  readonly after: Cursor | undefined;
  /** 0: the poll is not held. */
  readonly windowMs: number;
  readonly limit: number;
  /** Registers a listener that is called when the client hangs up. */
  readonly onHangUp: (listener: () => void) => void;
}

export interface Batch {
  readonly messages: readonly ReceivedMessage[];
  readonly cursor: string;
  readonly more: boolean;
  readonly expired: number;
}

export interface ReceiveContext {
  readonly store: SignallingStore;
  readonly waiters: Waiters;
  readonly clock: Clock;
  readonly pacer: PollPacer | undefined;
  readonly maxHeldPolls: () => number;
  readonly telemetry: Telemetry;
}

/** Shortens each hold by up to 10 %, so that polls that began together do not end together. */
const WINDOW_JITTER = 0.1;
/** Node keeps one list per timer duration. With tenths of a second, all polls share a few hundred lists. */
const TIMER_STEP_MS = 100;

const shortened = (windowMs: number): number =>
  Math.floor((windowMs * (1 - Math.random() * WINDOW_JITTER)) / TIMER_STEP_MS) * TIMER_STEP_MS;

interface OpenPoll {
  readonly context: ReceiveContext;
  readonly mailbox: Mailbox;
  readonly poll: Poll;
  readonly waiter: Waiter;
  readonly presence: PollPresence;
}

/**
 * Returns pending messages at once, or waits up to the window for new ones. The order is listen, read, hold, read
 * again: a read or the waiter sees every message, whenever it is committed. A lost hint costs one window at most.
 * @returns `undefined` if the client has hung up
 * @throws SignallingError `cursor-expired`, `participant-gone`, `poll-superseded`, `too-many-polls`
 */
export async function receive(context: ReceiveContext, mailbox: Mailbox, poll: Poll): Promise<Batch | undefined> {
  const { store, waiters } = context;
  const waiter = waiters.listen(mailbox.mailboxId);
  const presence = store.openPoll(mailbox);
  poll.onHangUp(() => waiter.end({ kind: 'hung-up' }));
  let page: Page | undefined;
  try {
    page = await readWhenReady({ context, mailbox, poll, waiter, presence });
    return page && batchOf(mailbox, page);
  } finally {
    waiters.leave(mailbox.mailboxId, waiter);
    presence.end(outcomeOf(waiter, page));
    reportEnd(context, mailbox, waiter, page);
  }
}

async function readWhenReady(open: OpenPoll): Promise<Page | undefined> {
  const { context, mailbox, poll, waiter, presence } = open;
  const { store, waiters, clock } = context;
  const deadlineMs = clock.steadyMs() + shortened(poll.windowMs);
  // The first read checks the cursor: a poll with an invalid cursor must not supersede another.
  let page: Page | undefined = await read(store, mailbox, poll);
  const delayMs = context.pacer?.delayMs(mailbox.mailboxId) ?? 0;
  // Delays before superseding; otherwise two clients with one token would evict each other without a pause.
  if (delayMs > 0) page = await readAfter(waiter.pace(delayMs), store, mailbox, poll);
  if (page === undefined) return undefined;
  waiters.supersede(waiter);
  if (poll.after !== undefined) {
    store.acknowledgeWriteBehind(mailbox, poll.after);
    context.telemetry.acknowledged(mailbox, poll.after.position);
  }
  if (isEmpty(page) && poll.windowMs > 0) return hold(open, page.position, deadlineMs);
  presence.supersedeOthers();
  return page;
}

async function hold(open: OpenPoll, position: number, deadlineMs: number): Promise<Page | undefined> {
  const { context, mailbox, poll, waiter, presence } = open;
  if (context.waiters.size > context.maxHeldPolls()) throw tooManyPolls();
  presence.hold(Math.ceil(deadlineMs - context.clock.steadyMs()), position);
  waiter.heldFromMs = context.clock.steadyMs();
  context.telemetry.pollHeld(mailbox);
  for (;;) {
    const waited = waiter.next(deadlineMs);
    const page = await readAfter(waited, context.store, mailbox, poll);
    if (page === undefined || !isEmpty(page) || (await waited).kind !== 'message') return page;
  }
}

/** Reads after the wait. @returns `undefined` if the client has hung up */
async function readAfter(
  waited: Promise<WaitEnd>,
  store: SignallingStore,
  mailbox: Mailbox,
  poll: Poll,
): Promise<Page | undefined> {
  const end = await waited;
  if (end.kind === 'superseded') throw pollSuperseded();
  if (end.kind === 'gone') throw participantGone(end.reason);
  return end.kind === 'hung-up' ? undefined : read(store, mailbox, poll);
}

function reportEnd(
  { telemetry, clock }: ReceiveContext,
  mailbox: Mailbox,
  waiter: Waiter,
  page: Page | undefined,
): void {
  const heldMs = waiter.heldFromMs === undefined ? undefined : clock.steadyMs() - waiter.heldFromMs;
  const { messages, expired } = page ?? NOTHING;
  telemetry.pollEnded(mailbox, { end: endOf(waiter, page), heldMs, messages, expired });
}

function outcomeOf({ ended, heldFromMs }: Waiter, page: Page | undefined): PollOutcome {
  if (ended?.kind === 'hung-up') return heldFromMs === undefined ? 'other' : 'cut';
  return page === undefined ? 'other' : 'answered';
}

const NOTHING = { messages: [], expired: 0 } as const;

function endOf(waiter: Waiter, page: Page | undefined): PollEnd {
  if (page !== undefined && !isEmpty(page)) return 'message';
  return waiter.ended?.kind ?? (page === undefined ? 'refused' : 'window');
}

const isEmpty = (page: Page): boolean => page.messages.length === 0 && page.expired === 0;

const read = (store: SignallingStore, mailbox: Mailbox, poll: Poll): Promise<Page> =>
  store.read(mailbox, { after: poll.after, limit: poll.limit, maxBytes: MAX_BATCH_BYTES });

const batchOf = (mailbox: Mailbox, page: Page): Batch => ({
  messages: page.messages,
  cursor: encodeCursor({ mailboxId: mailbox.mailboxId, position: page.position }),
  more: page.more,
  expired: page.expired,
});
