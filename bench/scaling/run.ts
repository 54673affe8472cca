/** A run of `npm run bench -- scaling`, in a process of its own. Prints its result as JSON. */
import { measureCalls, measurePaced } from '../workloads/calls.ts';
import { CONCURRENT_CALLS, warmUp } from '../workloads/workload.ts';
import { presenceOn } from './presence.ts';
import { withProcesses } from './processes.ts';
import type { CallsRun, ScalingOrder } from './results.ts';

/**
 * Runs the workload `calls`, then `paced`, without sticky sessions: most messages are sent to one process and read from
 * another.
 */
async function callsOn(order: ScalingOrder): Promise<CallsRun> {
  const { keeping, processes } = order;
  return withProcesses(order, async ({ bench, redis }) => {
    // V8 optimises each process by itself, so each one needs a full warm-up.
    const warmUpCalls = bench.sizes.warmUpCalls * processes;
    await warmUp({ ...bench, sizes: { ...bench.sizes, warmUpCalls } }, CONCURRENT_CALLS * processes);
    const closed = () => measureCalls(bench, CONCURRENT_CALLS * processes, bench.sizes.calls * processes);
    const paced = () => measurePaced(bench, bench.sizes.pacedSeconds);
    if (redis === undefined) return { keeping, processes, calls: await closed(), paced: await paced() };
    const { outcome, use } = await redis.during(closed);
    return { keeping, processes, calls: outcome, redis: use, paced: await paced() };
  });
}

const order = JSON.parse(process.argv[2] ?? '') as ScalingOrder;
console.log(JSON.stringify(await (order.what === 'calls' ? callsOn(order) : presenceOn(order))));
