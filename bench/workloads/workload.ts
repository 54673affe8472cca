import type { HttpClient } from '../load/http-client.ts';
import { Pair } from '../load/pair.ts';
import type { Tally } from '../load/tally.ts';
import type { Figures } from '../measure/figures.ts';
import type { ProcessTree } from '../measure/process-usage.ts';
import type { System } from '../systems/system.ts';

export const WORKLOADS = ['calls', 'paced', 'held', 'depth', 'growth', 'flood'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** How big each workload is. */
export interface Sizes {
  /** Unmeasured, so that V8 has compiled what it will compile, in the server and in the generator. */
  warmUpCalls: number;
  calls: number;
  pacedSeconds: number;
  heldPolls: readonly number[];
  idleSeconds: number;
  storedMessages: readonly number[];
  participants: readonly number[];
  floodSeconds: number;
}

/** What a workload runs against. */
export interface Bench {
  system: System;
  http: HttpClient;
  server: ProcessTree;
  sizes: Sizes;
}

/** One line of a workload's results; `at` says where on its axis (polls, participants, stored messages). */
export interface Point extends Partial<Figures> {
  at?: number;
  label?: string;
  /** Resident memory per held poll, against the same server with none, and against the half. */
  bytesPerPoll?: number;
  marginalBytesPerPoll?: number;
  /** Server CPU while nothing is sent: polls that just hang, and with their renewals. */
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
  const lane = async () => {
    for (let index = next++; index < count; index = next++) await task(index);
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

/** One call of two fresh participants who leave when it is over. */
export async function freshCall({ system, http }: Bench, tally: Tally): Promise<void> {
  const pair = await Pair.open(system, http);
  await pair.call(tally);
  await pair.close();
}
