import { setTimeout as delay } from 'node:timers/promises';
import { candidate, description } from '../load/message.ts';
import type { Pair } from '../load/pair.ts';
import { Tally } from '../load/tally.ts';
import type { Participant } from '../systems/system.ts';
import { openPairs } from '../workloads/held.ts';
import { closedLoop, freshCall, warmUp, type Bench } from '../workloads/workload.ts';
import { withProcesses } from './processes.ts';
import type { Redis } from './redis.ts';
import type { PresenceRun, ScalingOrder } from './results.ts';

const AT_A_TIME = 32;
/** A process that has just started is not idle yet. */
const START_MS = 3_000;
const IDLE_MS = 5_000;
const WATCHED_CALLS = 100;
/** Long enough for each of them to be renewed once. */
const WATCHED_POLLS_MS = 25_000;
/** Pairs that do not poll, for the memory of Redis. */
const PAIRS = 1_000;
const MESSAGES_EACH = 8;
const NOTES = 'holdline:token:*';
/** Long enough for garbage to be collected, and for the buffers of connections to shrink. */
const SETTLE_MS = 4_000;

/** Memory of participants, messages and held polls in a process and in Redis, and the CPU of held polls. */
export async function presenceOn(order: ScalingOrder): Promise<PresenceRun> {
  return withProcesses(order, async ({ bench, redis }) => {
    if (redis === undefined) throw new Error('presence is measured on Redis');
    const idle = await idleUse(bench, redis);
    await warmUp(bench);
    const callScripts = await watchCalls(bench, redis);
    const residentBefore = bench.server.residentBytes();
    const held = await heldPolls(bench, redis, residentBefore);
    return { idle, callScripts, held, ...(await bytesOf(bench, redis)) };
  });
}

async function idleUse({ server }: Bench, redis: Redis): Promise<PresenceRun['idle']> {
  await delay(START_MS);
  const before = server.cpuMs();
  const { use } = await redis.during(() => delay(IDLE_MS));
  return { holdlineCpuMs: server.cpuMs() - before, redis: use };
}

async function watchCalls(bench: Bench, redis: Redis): Promise<PresenceRun['callScripts']> {
  const tally = new Tally();
  const scripts = await redis.watch(() => closedLoop(AT_A_TIME, WATCHED_CALLS, () => freshCall(bench, tally)));
  return { delivered: tally.delivered, scripts };
}

async function heldPolls(bench: Bench, redis: Redis, residentBefore: number): Promise<PresenceRun['held']> {
  const { server, http, sizes } = bench;
  const polls = sizes.heldPolls.at(-1) ?? 0;
  const redisBefore = await redis.usedBytes();
  const pairs: Pair[] = [];
  await openPairs(bench, pairs, polls / 2);
  await delay(SETTLE_MS);
  const residentBytesPerPoll = (server.residentBytes() - residentBefore) / polls;
  const redisBytesPerPoll = ((await redis.usedBytes()) - redisBefore) / polls;
  const requestsBefore = http.requests;
  const cpuBefore = server.cpuMs();
  const { use } = await redis.during(() => delay(sizes.idleSeconds * 1_000));
  const holdlineCpuMs = server.cpuMs() - cpuBefore;
  const renewals = http.requests - requestsBefore;
  const scripts = await redis.watch(() => delay(WATCHED_POLLS_MS));
  const watched = { renewals: http.requests - requestsBefore - renewals, scripts };
  await closedLoop(AT_A_TIME, pairs.length, async (index) => pairs[index]?.close());
  return {
    polls,
    residentBytesPerPoll,
    redisBytesPerPoll,
    renewals,
    holdlineCpuMs,
    redis: use,
    watched,
  };
}

/** Measures in rooms of two participants that read nothing. */
async function bytesOf({ system, http }: Bench, redis: Redis) {
  const pairs: [Participant, Participant][] = [];
  await redis.drop(NOTES);
  const taken = async (load: (index: number) => Promise<unknown>) => {
    const before = await redis.usedBytes();
    await closedLoop(AT_A_TIME, PAIRS, load);
    return (await redis.usedBytes()) - before;
  };
  const joining = await taken(async (index) => {
    const room = `bytes-${index}`;
    pairs.push([await system.join(http, room), await system.join(http, room)]);
  });
  const sending = (message: Parameters<Participant['send']>[1]) => async (index: number) => {
    const [one, other] = pairs[index] ?? [];
    for (let sent = 0; sent < MESSAGES_EACH; sent++) await one?.send(other?.id ?? '', message);
  };
  const candidates = await taken(sending(candidate(1)));
  const descriptions = await taken(sending(description('offer')));
  const leaving = await taken(async (index) => {
    for (const one of pairs[index] ?? []) await one.leave();
  });
  const messages = PAIRS * MESSAGES_EACH;
  return {
    bytesPerParticipant: joining / (2 * PAIRS),
    bytesPerCandidate: candidates / messages,
    bytesPerDescription: descriptions / messages,
    bytesLeftBehind: (joining + candidates + descriptions + leaving) / (2 * PAIRS),
    bytesOfNotes: (await redis.drop(NOTES)) / (2 * PAIRS),
  };
}
