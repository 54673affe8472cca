import type { MachineInfo } from './measure/machine.ts';
import type { Point, WorkloadName } from './workloads/workload.ts';

/** One run: a system under a workload in one round. */
export interface RunResult {
  system: string;
  workload: WorkloadName;
  round: number;
  points: Point[];
  /** Why there is no figure. */
  error?: string;
}

/** Everything a bench run found out: what the report is made from. */
export interface Results {
  startedAt: string;
  commit: string;
  command: string;
  machine: MachineInfo;
  systems: SystemInfo[];
  runs: RunResult[];
}

export interface SystemInfo {
  name: string;
  title: string;
  keeps: string;
  version: string;
}

/** Several runs, of some workloads each, as one: an evening's worth, when nobody has an hour and a half in one piece. */
export function together(parts: readonly Results[]): Results {
  const [first, ...others] = parts;
  if (first === undefined) throw new Error('there are no results');
  for (const { commit, machine, runs } of others) {
    if (commit !== first.commit) throw new Error(`the results are of several commits: ${first.commit}, ${commit}`);
    if (JSON.stringify(machine) !== JSON.stringify(first.machine))
      throw new Error('the results are of several machines');
    const workloads = new Set(first.runs.map((run) => run.workload));
    if (runs.some((run) => workloads.has(run.workload))) throw new Error('a workload is in more than one of the files');
  }
  const systems = new Map(parts.flatMap((part) => part.systems).map((system) => [system.name, system]));
  return {
    ...first,
    command: parts.map((part) => part.command).join(', '),
    systems: [...systems.values()],
    runs: parts.flatMap((part) => part.runs),
  };
}
