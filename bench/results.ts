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
