import type { System } from '../systems/system.ts';
import { depth, flood, growth } from './background.ts';
import { calls, client, paced } from './calls.ts';
import { held } from './held.ts';
import type { Bench, Point, WorkloadName } from './workload.ts';

export const workloads: Record<WorkloadName, (bench: Bench) => Promise<Point[]>> = {
  calls,
  paced,
  client,
  held,
  depth,
  growth,
  flood,
};

/** Whether the system supports the workload: `depth` needs stored messages, `flood` also lifetimes and limits. */
export function applies(workload: WorkloadName, system: System): boolean {
  if (workload === 'depth') return system.stock !== undefined;
  return workload !== 'flood' || system.stockLastsMs !== undefined;
}
