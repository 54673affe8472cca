import { setTimeout as delay } from 'node:timers/promises';
import { candidate } from '../load/message.ts';
import { measure, type Figures } from '../measure/figures.ts';
import { warmUp } from './calls.ts';
import { stock } from './depth.ts';
import { pacedCalls } from './paced.ts';
import { closedLoop, type Bench, type Point } from './workload.ts';

const FLOOD_CONCURRENT = 32;
const BACKLOG_MESSAGES = 100_000;
/** All of the backlog expires in the same second, this long after stocking began. */
const BACKLOG_EXPIRES_AFTER_MS = 45_000;

/** What those who behave notice: nothing else going on, one sender that floods, a backlog that expires at once. */
export async function flood(bench: Bench): Promise<Point[]> {
  await warmUp(bench);
  const seconds = bench.sizes.floodSeconds;
  const others = () => measure(bench.server, bench.http, (tally) => pacedCalls(bench, tally, seconds));
  return [
    { label: 'nothing else', ...(await others()) },
    { label: 'one sender floods', ...(await duringFlood(bench, others)) },
    { label: `${BACKLOG_MESSAGES.toLocaleString('en')} messages expire`, ...(await duringExpiry(bench, others)) },
  ];
}

async function duringFlood({ system, http }: Bench, others: () => Promise<Figures>): Promise<Figures> {
  const sender = await system.join(http, 'flood');
  const receiver = await system.join(http, 'flood');
  const flooding = new AbortController();
  const flooded = closedLoop(FLOOD_CONCURRENT, Infinity, async () => {
    if (flooding.signal.aborted) throw flooding.signal.reason;
    await sender.send(receiver.id, candidate(0)).catch(() => undefined); // Most are refused, as they should be.
  }).catch(() => undefined);
  const figures = await others();
  flooding.abort();
  await flooded;
  return figures;
}

async function duringExpiry(bench: Bench, others: () => Promise<Figures>): Promise<Figures> {
  const expiresAt = performance.now() + BACKLOG_EXPIRES_AFTER_MS;
  const secondsLeft = () => Math.max(1, Math.round((expiresAt - performance.now()) / 1000));
  await stock(bench, BACKLOG_MESSAGES, secondsLeft);
  await delay(Math.max(0, expiresAt - 1_000 - performance.now()));
  return others();
}
