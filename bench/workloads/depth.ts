import { measure } from '../measure/figures.ts';
import { warmUp } from './calls.ts';
import { closedLoop, freshCall, type Bench, type Point } from './workload.ts';

const CONCURRENT = 4;
const STOCKERS_AT_A_TIME = 32;
/** 10^6 stored messages lie in 10^5 mailboxes. */
const STORED_PER_MAILBOX = 10;
const STOCK_LIFETIME_SECONDS = 3_600;

/** The same calls while more and more messages lie in other mailboxes. */
export async function depth(bench: Bench): Promise<Point[]> {
  await warmUp(bench, CONCURRENT);
  const started = performance.now();
  const points: Point[] = [];
  let stored = 0;
  for (const target of bench.sizes.storedMessages) {
    await stock(bench, target - stored, () => STOCK_LIFETIME_SECONDS);
    stored = target;
    const figures = await measure(bench.server, bench.http, (tally) =>
      closedLoop(CONCURRENT, bench.sizes.calls, () => freshCall(bench, tally)),
    );
    points.push({ at: target, ...figures });
  }
  if (performance.now() - started > (bench.system.stockLastsMs ?? Infinity)) {
    throw new Error('the machine was too slow: what was stored first had expired before the end');
  }
  return points;
}

let rooms = 0;

/** Leaves `count` messages in mailboxes nobody reads. */
export async function stock({ system, http }: Bench, count: number, lifetimeSeconds: () => number): Promise<void> {
  const pairs = Math.ceil(count / (2 * STORED_PER_MAILBOX));
  await closedLoop(STOCKERS_AT_A_TIME, pairs, async () => {
    await system.stock?.(http, `stock-${rooms++}`, STORED_PER_MAILBOX, lifetimeSeconds);
  });
}
