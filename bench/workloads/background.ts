import { setTimeout as delay } from 'node:timers/promises';
import { candidate } from '../load/message.ts';
import { Pair } from '../load/pair.ts';
import { measure, type Figures } from '../measure/figures.ts';
import { measureCalls, measurePaced } from './calls.ts';
import { openPairs } from './held.ts';
import { closedLoop, warmUp, type Bench, type Point } from './workload.ts';

/** Concurrency that saturates no server, at any size. */
const CONCURRENT = 4;
const STOCKERS_AT_A_TIME = 32;
const STORED_PER_MAILBOX = 10;
/** The longest in open mode. */
const STOCK_LIFETIME_SECONDS = 300;

/** The same calls while more and more messages are stored in other mailboxes. */
export async function depth(bench: Bench): Promise<Point[]> {
  await warmUp(bench, CONCURRENT);
  const started = performance.now();
  const points: Point[] = [];
  let stored = 0;
  for (const target of bench.sizes.storedMessages) {
    await stock(bench, target - stored, () => STOCK_LIFETIME_SECONDS);
    stored = target;
    const figures = await measureCalls(bench, CONCURRENT, bench.sizes.calls);
    points.push({ at: target, ...figures });
  }
  if (performance.now() - started > (bench.system.stockLastsMs ?? Infinity)) {
    throw new Error('the machine was too slow: what was stored first had expired before the end');
  }
  return points;
}

let rooms = 0;

/** Stores `count` messages in mailboxes that are not read. */
async function stock({ system, http }: Bench, count: number, lifetimeSeconds: () => number): Promise<void> {
  const pairs = Math.ceil(count / (2 * STORED_PER_MAILBOX));
  await closedLoop(STOCKERS_AT_A_TIME, pairs, async () => {
    await system.stock?.(http, `stock-${rooms++}`, STORED_PER_MAILBOX, lifetimeSeconds);
  });
}

/**
 * The same calls among more and more participants. The pair that has waited longest makes the next call, leaves and is
 * replaced by a new one, so that all take part and none reaches a limit.
 */
export async function growth(bench: Bench): Promise<Point[]> {
  await warmUp(bench, CONCURRENT);
  const waiting: Pair[] = [];
  const points: Point[] = [];
  for (const participants of bench.sizes.participants) {
    await openPairs(bench, waiting, participants / 2);
    const figures = await measure(bench.server, bench.http, (tally) =>
      closedLoop(CONCURRENT, bench.sizes.calls, async () => {
        const pair = waiting.shift();
        await pair?.call(tally);
        await pair?.close();
        waiting.push(await Pair.open(bench.system, bench.http));
      }),
    );
    points.push({ at: participants, ...figures });
  }
  return points;
}

const FLOOD_CONCURRENT = 32;
const BACKLOG_MESSAGES = 100_000;
/** The whole backlog expires in one second, this long after storing began. */
const BACKLOG_EXPIRES_AFTER_MS = 45_000;

/** The latency of paced calls: alone, while one sender floods, and while a backlog expires at once. */
export async function flood(bench: Bench): Promise<Point[]> {
  await warmUp(bench);
  const others = () => measurePaced(bench, bench.sizes.floodSeconds);
  return [
    { label: 'nothing else', ...(await others()) },
    { label: 'one sender floods', ...(await duringFlood(bench, others)) },
    { label: `${BACKLOG_MESSAGES.toLocaleString('en')} messages expire`, ...(await duringExpiry(bench, others)) },
  ];
}

async function duringFlood({ system, http }: Bench, others: () => Promise<Figures>): Promise<Figures> {
  const sender = await system.join(http, 'flood');
  const receiver = await system.join(http, 'flood');
  let isOver = false;
  const sendUntilOver = async () => {
    // The rate limit refuses most of them.
    while (!isOver) await sender.send(receiver.id, candidate(0)).catch(() => undefined);
  };
  const flooding = Array.from({ length: FLOOD_CONCURRENT }, sendUntilOver);
  const figures = await others();
  isOver = true;
  await Promise.all(flooding);
  return figures;
}

async function duringExpiry(bench: Bench, others: () => Promise<Figures>): Promise<Figures> {
  const expiresAt = performance.now() + BACKLOG_EXPIRES_AFTER_MS;
  const secondsLeft = () => Math.max(1, Math.round((expiresAt - performance.now()) / 1000));
  await stock(bench, BACKLOG_MESSAGES, secondsLeft);
  await delay(Math.max(0, expiresAt - 1_000 - performance.now()));
  return others();
}
