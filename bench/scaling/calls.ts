import { measure, type Figures } from '../measure/figures.ts';
import { warmUp } from '../workloads/calls.ts';
import { pacedCalls } from '../workloads/paced.ts';
import { closedLoop, freshCall } from '../workloads/workload.ts';
import { withFleet } from './fleet.ts';
import type { CallsRun, ScalingOrder } from './results.ts';

/** Calls at a time for each process, as in `calls`: the busier a process is, the less a message costs it. */
const CONCURRENT = 32;

/** The workload `calls`, then `paced`, without stickiness: most messages come in at one process and go out at another. */
export async function callsOn(order: ScalingOrder): Promise<CallsRun> {
  const { keeping, processes } = order;
  return withFleet(order, async ({ bench, redis }) => {
    // Each process has V8 tune it, so each must get as much as one alone would.
    const warmUpCalls = bench.sizes.warmUpCalls * processes;
    await warmUp({ ...bench, sizes: { ...bench.sizes, warmUpCalls } }, CONCURRENT * processes);
    const closed = () =>
      measure(bench.server, bench.http, (tally) =>
        closedLoop(CONCURRENT * processes, bench.sizes.calls * processes, () => freshCall(bench, tally)),
      );
    const paced = (): Promise<Figures> =>
      measure(bench.server, bench.http, (tally) => pacedCalls(bench, tally, bench.sizes.pacedSeconds));
    if (redis === undefined) return { keeping, processes, calls: await closed(), paced: await paced() };
    const { outcome, use } = await redis.during(closed);
    return { keeping, processes, calls: outcome, redis: use, paced: await paced() };
  });
}
