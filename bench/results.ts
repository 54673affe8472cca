import type { MachineInfo } from './measure/machine.ts';
import type { Point, WorkloadName } from './workloads/workload.ts';

/** A system under a workload in one round. */
export interface RunResult {
  system: string;
  workload: WorkloadName;
  round: number;
  points: Point[];
  /** Load average of the machine over a minute, at the start of the run: the bench itself brings up to 2. */
  loadAverage: number;
  /** Why there are no figures. */
  error?: string;
}

/** The results of a bench: the input of the report. */
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
  /** How its participants read: by polls or by WebSocket. */
  transport: string;
  keeps: string;
  version: string;
}

/** Joins the results of several runs with different workloads. */
export function merge(parts: readonly Results[]): Results {
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
