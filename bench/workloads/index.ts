import type { System } from '../systems/system.ts';
import { calls } from './calls.ts';
import { depth } from './depth.ts';
import { flood } from './flood.ts';
import { growth } from './growth.ts';
import { held } from './held.ts';
import { paced } from './paced.ts';
import type { Bench, Point, WorkloadName } from './workload.ts';

export const workloads: Record<WorkloadName, (bench: Bench) => Promise<Point[]>> = {
  calls,
  paced,
  held,
  depth,
  growth,
  flood,
};

/** Whether the system can do what the workload asks: `depth` needs stored messages, `flood` lifetimes and limits too. */
export function applies(workload: WorkloadName, system: System): boolean {
  if (workload === 'depth') return system.stock !== undefined;
  return workload !== 'flood' || system.stockLastsMs !== undefined;
}
