import { Tally } from '../load/tally.ts';
import { measure } from '../measure/figures.ts';
import { closedLoop, freshCall, type Bench, type Point } from './workload.ts';

/** Calls at a time. */
const CONCURRENT = 32;

/** As many calls as the system can take, 32 at a time. */
export async function calls(bench: Bench): Promise<Point[]> {
  await warmUp(bench);
  return [
    await measure(bench.server, bench.http, (tally) =>
      closedLoop(CONCURRENT, bench.sizes.calls, () => freshCall(bench, tally)),
    ),
  ];
}

/** As many at a time as will be measured: V8 tunes a server to what it meets. */
export async function warmUp(bench: Bench, width = CONCURRENT): Promise<void> {
  await closedLoop(width, bench.sizes.warmUpCalls, () => freshCall(bench, new Tally()));
}
