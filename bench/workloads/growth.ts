import { Pair } from '../load/pair.ts';
import { measure } from '../measure/figures.ts';
import { warmUp } from './calls.ts';
import { openPairs } from './held.ts';
import { closedLoop, type Bench, type Point } from './workload.ts';

/** The same load at every size, below what saturates a server. */
const CONCURRENT = 4;

/**
 * The same calls among more and more participants. Each call is made by the pair that has waited longest, which then
 * leaves and is replaced by a fresh one, so that nobody comes near a limit and everybody takes part.
 */
export async function growth(bench: Bench): Promise<Point[]> {
  await warmUp(bench, CONCURRENT);
  const waiting: Pair[] = [];
  const points: Point[] = [];
  for (const participants of bench.sizes.participants) {
    await openPairs(bench, waiting, participants / 2);
    const figures = await measure(bench.server, bench.http, (tally) =>
      closedLoop(CONCURRENT, bench.sizes.calls, async () => {
        const pair = waiting.shift();
        await pair?.call(tally);
        await pair?.close();
        waiting.push(await Pair.open(bench.system, bench.http));
      }),
    );
    points.push({ at: participants, ...figures });
  }
  return points;
}
