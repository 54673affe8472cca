import { setTimeout as delay } from 'node:timers/promises';
import { candidate, MESSAGES_PER_SIDE } from '../load/message.ts';
import { Pair, receiveAll, send } from '../load/pair.ts';
import { Stream, type Tally } from '../load/tally.ts';
import { measure } from '../measure/figures.ts';
import { closedLoop, warmUp, type Bench, type Point } from './workload.ts';

const JOINS_AT_A_TIME = 32;
/** Long enough for the garbage of joining to be collected, and before the first renewal of a 25 s poll. */
const SETTLE_MS = 4_000;
/** CPU of held polls is sampled for this long, before the first of them is renewed. */
const QUIET_SECONDS = 5;
const RECEIVERS = 500;
const SENDERS_AT_A_TIME = 8;

/** Opens more and more held polls; then some of their participants receive messages. */
export async function held(bench: Bench): Promise<Point[]> {
  await warmUp(bench);
  const base = await settledBytes(bench);
  const pairs: Pair[] = [];
  const points: Point[] = [];
  let previous = { polls: 0, bytes: base };
  for (const polls of bench.sizes.heldPolls) {
    await openPairs(bench, pairs, polls / 2);
    const bytes = await settledBytes(bench);
    points.push({
      at: polls,
      bytesPerPoll: (bytes - base) / polls,
      marginalBytesPerPoll: (bytes - previous.bytes) / (polls - previous.polls),
    });
    previous = { polls, bytes };
  }
  const idle = await idleCpu(bench);
  const figures = await measure(bench.server, bench.http, (tally) => messageSome(pairs, tally));
  return [...points.slice(0, -1), { ...points.at(-1), ...idle, ...figures }];
}

/** Grows `pairs` to `count`. */
export async function openPairs({ system, http }: Bench, pairs: Pair[], count: number): Promise<void> {
  await closedLoop(JOINS_AT_A_TIME, count - pairs.length, async () => pairs.push(await Pair.open(system, http)));
}

async function settledBytes({ server }: Bench): Promise<number> {
  await delay(SETTLE_MS);
  return server.residentBytes();
}

async function idleCpu({ server, sizes }: Bench): Promise<Point> {
  const start = server.cpuMs();
  await delay(QUIET_SECONDS * 1000);
  const quiet = server.cpuMs();
  await delay(Math.max(0, sizes.idleSeconds - QUIET_SECONDS) * 1000);
  return {
    quietCpuMsPerSecond: (quiet - start) / QUIET_SECONDS,
    idleCpuMsPerSecond: (server.cpuMs() - start) / Math.max(QUIET_SECONDS, sizes.idleSeconds),
  };
}

/** Candidates from the partner, one after the other: CPU time is too coarse for a single message each. */
async function messageSome(pairs: readonly Pair[], tally: Tally): Promise<void> {
  const chosen = pairs.slice(0, RECEIVERS);
  await closedLoop(SENDERS_AT_A_TIME, chosen.length, async (index) => {
    const pair = chosen[index];
    if (pair === undefined) return;
    const stream = new Stream(tally);
    const received = receiveAll(pair.callee, stream);
    for (let sequence = 0; sequence < MESSAGES_PER_SIDE; sequence++) {
      await send(pair.caller, pair.callee, candidate(sequence), sequence, stream);
    }
    await received;
  });
}
