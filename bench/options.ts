import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { systems, systemNamed } from './systems/index.ts';
import { WORKLOADS, type Sizes, type WorkloadName } from './workloads/workload.ts';

export interface BenchOptions {
  systems: readonly string[];
  workloads: readonly WorkloadName[];
  rounds: number;
  sizes: Sizes;
  /** The file for the results. */
  json: string;
  /** Where each run makes a directory for its databases. */
  directory: string;
}

export const DEFAULT_RESULTS = new URL('results/latest.json', import.meta.url).pathname;

export const USAGE = `npm run bench                     all systems, all workloads, 3 rounds (two hours)
npm run bench -- --quick          correctness and rough ratios, within a minute (for CI)
npm run bench -- report [FILE...] writes docs/benchmarks.* from result files of one commit on one machine
npm run bench -- scaling          1, 2 and 4 processes on one Redis; writes the figures of docs/scaling.md

  --systems LIST     of ${systems.map((system) => system.name).join(', ')}
  --workloads LIST   of ${WORKLOADS.join(', ')}
  --rounds N         rounds; every round runs every system once (3)
  --calls N          calls per measurement in calls, client, depth and growth (1000)
  --seconds N        length of paced, of the paced part of client, and of each part of flood (15)
  --directory DIR    where the databases are made (${tmpdir()}); on a disk of their own when others write to that one
  --json FILE        file for the results (${DEFAULT_RESULTS.split('/').slice(-3).join('/')})`;

export const FULL: Sizes = {
  // V8 compiles for about that long: after 600 calls, a message of Holdline still costs a fifth more.
  warmUpCalls: 3_000,
  calls: 1_000,
  pacedSeconds: 15,
  heldPolls: [1_000, 5_000, 10_000],
  idleSeconds: 30,
  storedMessages: [1_000, 100_000, 1_000_000],
  participants: [10, 100, 1_000, 10_000],
  floodSeconds: 15,
};

export const QUICK: Sizes = {
  ...FULL,
  warmUpCalls: 200,
  calls: 150,
  pacedSeconds: 2,
  heldPolls: [200],
  idleSeconds: 0,
  floodSeconds: 2,
};
const QUICK_SYSTEMS = [
  'floor',
  'holdline',
  'holdline-socket',
  'engine.io',
  'holdline-normal',
  'express',
  'holdline-memory',
];
const QUICK_WORKLOADS: readonly WorkloadName[] = ['calls', 'paced'];

/** @throws Error with a line for the user, for an invalid option */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      systems: { type: 'string' },
      workloads: { type: 'string' },
      rounds: { type: 'string' },
      calls: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string', default: DEFAULT_RESULTS },
      directory: { type: 'string', default: tmpdir() },
    },
  });
  const { quick, json, directory } = values;
  const base = quick ? QUICK : FULL;
  const seconds = positive('seconds', values.seconds, base.pacedSeconds);
  return {
    json,
    directory,
    systems: listed(values.systems)?.map((name) => systemNamed(name).name) ?? defaultSystems(quick),
    workloads: listed(values.workloads)?.map(workloadNamed) ?? (quick ? QUICK_WORKLOADS : WORKLOADS),
    rounds: positive('rounds', values.rounds, quick ? 1 : 3),
    sizes: {
      ...base,
      calls: positive('calls', values.calls, base.calls),
      pacedSeconds: seconds,
      floodSeconds: seconds,
    },
  };
}

function defaultSystems(quick: boolean): readonly string[] {
  return quick ? QUICK_SYSTEMS : systems.map((system) => system.name);
}

function listed(list: string | undefined): string[] | undefined {
  return list?.split(',').map((item) => item.trim());
}

function workloadNamed(name: string): WorkloadName {
  const workload = WORKLOADS.find((known) => known === name);
  if (workload === undefined) throw new Error(`no workload ${name}; there are ${WORKLOADS.join(', ')}`);
  return workload;
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} must be a whole number from 1, not ${text ?? ''}`);
  return value;
}
