import { Tally } from '../load/tally.ts';
import { measure } from '../measure/figures.ts';
import { closedLoop, freshCall, type Bench, type Point } from './workload.ts';

/** Calls at a time. */
const CONCURRENT = 32;
/** After these V8 has compiled what it will compile, in the server and in the generator. */
const WARM_UP_CALLS = 600;

/** As many calls as the system can take, 32 at a time. */
export async function calls(bench: Bench): Promise<Point[]> {
  await warmUp(bench);
  return [
    await measure(bench.server, bench.http, (tally) =>
      closedLoop(CONCURRENT, bench.sizes.calls, () => freshCall(bench, tally)),
    ),
  ];
}

export async function warmUp(bench: Bench, count = WARM_UP_CALLS): Promise<void> {
  await closedLoop(CONCURRENT, count, () => freshCall(bench, new Tally()));
}
