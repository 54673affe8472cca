/** One run, in a process of its own. Its result goes to standard output as JSON. */
import type { Sizes } from '../workloads/workload.ts';
import { callsOn } from './calls.ts';
import { presenceOn } from './presence.ts';
import type { Keeping } from './results.ts';

export interface ScalingOrder {
  what: 'calls' | 'presence';
  keeping: Keeping;
  processes: number;
  sizes: Sizes;
  /** For files; whoever ordered the run removes it. */
  directory: string;
}

const order = JSON.parse(process.argv[2] ?? '') as ScalingOrder;
const result = await (order.what === 'calls' ? callsOn(order) : presenceOn(order));
console.log(JSON.stringify(result));
