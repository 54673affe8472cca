import { setTimeout as delay } from 'node:timers/promises';
import { sendAsFound, type Pair } from '../load/pair.ts';
import type { Tally } from '../load/tally.ts';
import { measure, type Figures } from '../measure/figures.ts';
import { openPairs } from './held.ts';
import { closedLoop, CONCURRENT_CALLS, freshCall, MEMBERS_STAY, warmUp, type Bench, type Point } from './workload.ts';

const CALLS_PER_SECOND = 20;
/** Sockets of `holdline/client` prove themselves within 3 s. */
const SETTLE_MS = 5_000;

/** Makes as many calls as the system can take, 32 at a time. */
export async function calls(bench: Bench): Promise<Point[]> {
  await warmUp(bench);
  return [await measureCalls(bench, CONCURRENT_CALLS, bench.sizes.calls)];
}

/** Starts calls at a fixed pace, however long each takes. */
export async function paced(bench: Bench): Promise<Point[]> {
  await warmUp(bench);
  return [await measurePaced(bench, bench.sizes.pacedSeconds)];
}

/** The calls of `calls` and `paced`, with the batching of each system's own client and candidates that come by and by. */
export async function client(given: Bench): Promise<Point[]> {
  const { system } = given;
  const bench = { ...given, system: { ...system, join: system.joinAsOwnClient ?? system.join }, sendSide: sendAsFound };
  await warmUp(bench);
  return [
    { label: `${CONCURRENT_CALLS} at a time`, ...(await measureCalls(bench, CONCURRENT_CALLS, bench.sizes.calls)) },
    { label: `${CALLS_PER_SECOND} a second`, ...(await measurePaced(bench, bench.sizes.pacedSeconds)) },
    { label: MEMBERS_STAY, ...(await measureStaying(bench)) },
  ];
}

/** Calls of pairs that have been in their rooms for a while, 32 at a time; each pair makes one. */
async function measureStaying(bench: Bench): Promise<Figures> {
  const pairs: Pair[] = [];
  await openPairs(bench, pairs, bench.sizes.calls);
  await delay(SETTLE_MS);
  const figures = await measure(bench.server, bench.http, (tally) =>
    closedLoop(CONCURRENT_CALLS, pairs.length, async (index) => pairs[index]?.call(tally, bench.sendSide)),
  );
  await closedLoop(CONCURRENT_CALLS, pairs.length, async (index) => pairs[index]?.close());
  return figures;
}

/** Makes `count` calls, `width` at a time. */
export function measureCalls(bench: Bench, width: number, count: number): Promise<Figures> {
  return measure(bench.server, bench.http, (tally) => closedLoop(width, count, () => freshCall(bench, tally)));
}

export function measurePaced(bench: Bench, seconds: number): Promise<Figures> {
  return measure(bench.server, bench.http, (tally) => pacedCalls(bench, tally, seconds));
}

async function pacedCalls(bench: Bench, tally: Tally, seconds: number): Promise<void> {
  const started = performance.now();
  const running: Promise<void>[] = [];
  for (let index = 0; index < seconds * CALLS_PER_SECOND; index++) {
    await delay(Math.max(0, started + (index * 1000) / CALLS_PER_SECOND - performance.now()));
    running.push(freshCall(bench, tally));
  }
  await Promise.all(running);
}
