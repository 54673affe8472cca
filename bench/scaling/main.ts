import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { describeCommit, describeMachine } from '../measure/machine.ts';
import { runIsolated } from '../isolated-run.ts';
import { FULL, QUICK } from '../options.ts';
import type { Sizes } from '../workloads/workload.ts';
import { callsTable } from './tables.ts';
import type { CallsRun, Keeping, PresenceRun, ScalingOrder, ScalingResults } from './results.ts';
import { writeFigures } from './page.ts';

const RUN = new URL('run.ts', import.meta.url);
const RESULTS = new URL('../results/scaling.json', import.meta.url).pathname;

const USAGE = `npm run bench -- scaling             1, 2 and 4 processes on one Redis: some six minutes; writes the figures of docs/scaling.md
npm run bench -- scaling --quick     rough figures within a minute; writes nothing into docs
npm run bench -- scaling report      writes docs/scaling.md from the last results`;

type Order = Omit<ScalingOrder, 'directory' | 'sizes'>;

const SETUPS: readonly (readonly [Keeping, number])[] = [
  ['sqlite', 1],
  ['none', 1],
  ['none', 2],
  ['none', 4],
  ['aof', 1],
  ['aof', 2],
  ['aof', 4],
  ['aof-always', 2],
  ['aof-replica', 2],
];
const QUICK_SETUPS: typeof SETUPS = [
  ['sqlite', 1],
  ['aof', 1],
  ['aof', 2],
];

/** Polls are held for 24 s on average; a room is swept a minute after its first join. */
const SIZES: Sizes = { ...FULL, warmUpCalls: 400, calls: 250, pacedSeconds: 3, heldPolls: [5_000], idleSeconds: 48 };
const QUICK_SIZES: Sizes = { ...QUICK, warmUpCalls: 100, heldPolls: [400], idleSeconds: 3 };

/** @returns the exit code */
export async function scaling(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (positionals[0] === 'report') {
    await writeFigures(JSON.parse(readFileSync(RESULTS, 'utf8')) as ScalingResults);
    return 0;
  }
  const results = await runAll(values.quick);
  console.log(
    callsTable(results)
      .map((row) => row.join('  '))
      .join('\n'),
  );
  if (!values.quick) {
    mkdirSync(dirname(RESULTS), { recursive: true });
    writeFileSync(RESULTS, JSON.stringify(results, undefined, 1));
    await writeFigures(results);
  }
  return results.failures.length === 0 && results.calls.every(isSound) ? 0 : 1;
}

async function runAll(quick: boolean): Promise<ScalingResults> {
  const redisVersion = /v=(\S+)/.exec(spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout)?.[1];
  if (redisVersion === undefined) throw new Error('redis-server is not installed (apt-get install redis-server)');
  const [loadBefore = 0] = loadavg();
  const sizes = quick ? QUICK_SIZES : SIZES;
  const calls: CallsRun[] = [];
  const failures: string[] = [];
  const run = async <Result>(order: Order): Promise<Result | undefined> => {
    const outcome = await runIsolated<Result>(RUN, { ...order, sizes });
    const name = `${order.what} ${order.keeping} x ${order.processes}`;
    console.log(`${new Date().toISOString().slice(11, 19)}  ${name}: ${'error' in outcome ? outcome.error : 'done'}`);
    if ('result' in outcome) return outcome.result;
    failures.push(`${name}: ${/^\w*Error: .*$/m.exec(outcome.error)?.[0] ?? outcome.error}`);
    return undefined;
  };
  const startedAt = new Date().toISOString();
  for (const [keeping, processes] of quick ? QUICK_SETUPS : SETUPS) {
    const result = await run<CallsRun>({ what: 'calls', keeping, processes });
    if (result !== undefined) calls.push(result);
  }
  const presence = await run<PresenceRun>({ what: 'presence', keeping: 'aof', processes: 1 });
  return {
    startedAt,
    commit: describeCommit(),
    command: 'npm run bench -- scaling',
    redisVersion,
    machine: describeMachine(),
    load: [loadBefore, loadavg()[0] ?? 0],
    calls,
    ...(presence !== undefined && { presence }),
    failures,
  };
}

function isSound({ calls, paced }: CallsRun): boolean {
  return [calls, paced].every(({ lost, doubled, reordered }) => lost + doubled + reordered === 0);
}
