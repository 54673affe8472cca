import type { HttpClient } from '../load/http-client.ts';
import { Pair, type SendSide } from '../load/pair.ts';
import { Tally } from '../load/tally.ts';
import type { Figures } from '../measure/figures.ts';
import type { ProcessTree } from '../measure/process-tree.ts';
import type { System } from '../systems/system.ts';

export const WORKLOADS = ['calls', 'paced', 'client', 'held', 'depth', 'growth', 'flood'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** Label of the calls in `client` that do not include joining and leaving. */
export const MEMBERS_STAY = 'members who stay, 32 at a time';

/** The size of each workload. */
export interface Sizes {
  /** Not measured: lets V8 compile the hot code in the server and in the generator. */
  warmUpCalls: number;
  calls: number;
  pacedSeconds: number;
  heldPolls: readonly number[];
  idleSeconds: number;
  storedMessages: readonly number[];
  participants: readonly number[];
  floodSeconds: number;
}

/** Dependencies of a workload. */
export interface Bench {
  system: System;
  http: HttpClient;
  server: ProcessTree;
  sizes: Sizes;
  /** How each side of a call sends; by default, three candidates in flight. */
  sendSide?: SendSide;
}

/** One line of a workload's results; `at` is the place on its axis (polls, participants, stored messages). */
export interface Point extends Partial<Figures> {
  at?: number;
  label?: string;
  /** Resident memory per held poll or socket, against the same server without polls and against the previous point. */
  bytesPerPoll?: number;
  marginalBytesPerPoll?: number;
  /** Server CPU without messages: held polls, or sockets, without and with their renewals or heartbeats. */
  quietCpuMsPerSecond?: number;
  idleCpuMsPerSecond?: number;
}

/** Runs `count` tasks, `width` at a time: a closed loop. */
export async function closedLoop(
  width: number,
  count: number,
  task: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await task(index);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}

/** A call of two new participants, which leave at its end. */
export async function freshCall({ system, http, sendSide }: Bench, tally: Tally): Promise<void> {
  const pair = await Pair.open(system, http);
  await pair.call(tally, sendSide);
  await pair.close();
}

/** Calls at a time under full load. */
export const CONCURRENT_CALLS = 32;

/** Unmeasured calls with the concurrency of the measured ones: V8 optimises a server for its load. */
export async function warmUp(bench: Bench, width = CONCURRENT_CALLS): Promise<void> {
  await closedLoop(width, bench.sizes.warmUpCalls, () => freshCall(bench, new Tally()));
}
