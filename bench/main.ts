/** The command behind `npm run bench`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname } from 'node:path';
import { describeCommit, describeMachine } from './measure/machine.ts';
import { DEFAULT_RESULTS, parseOptions, USAGE, type BenchOptions } from './options.ts';
import { failures } from './report/figures.ts';
import { writeReport } from './report/page.ts';
import { printResults } from './report/tables.ts';
import { merge, type Results, type RunResult } from './results.ts';
import type { RunOrder } from './run.ts';
import { scaling } from './scaling/main.ts';
import { cleanUp, runIsolated } from './isolated-run.ts';
import { systemNamed } from './systems/index.ts';
import { applies } from './workloads/index.ts';
import type { Point, WorkloadName } from './workloads/workload.ts';

const RUN = new URL('run.ts', import.meta.url);

function installPeers(): void {
  if (existsSync(new URL('node_modules', import.meta.url))) return;
  spawnSync('npm', ['ci'], { cwd: import.meta.dirname, stdio: 'inherit' });
}

/** The systems that can run on this machine. Prints the others. */
function available(names: readonly string[]): string[] {
  return names.filter((name) => {
    const missing = systemNamed(name).missing();
    if (missing !== undefined) console.error(`!!! SKIPPED ${name}: ${missing}`);
    return missing === undefined;
  });
}

async function runOnce(
  system: string,
  workload: WorkloadName,
  round: number,
  options: BenchOptions,
): Promise<RunResult> {
  const order: Omit<RunOrder, 'directory'> = { system, workload, sizes: options.sizes };
  const run = { system, workload, round, loadAverage: loadavg()[0] ?? Number.NaN };
  const outcome = await runIsolated<Point[]>(RUN, order, options.directory);
  if ('result' in outcome) {
    const cost = outcome.result.at(-1)?.cpuMsPer1000?.toFixed(1) ?? '';
    console.log(`round ${round}  ${workload.padEnd(7)} ${system.padEnd(16)} ${cost} ms / 1,000`);
    return { ...run, points: outcome.result };
  }
  console.error(`!!! FAILED round ${round} ${workload} ${system}: ${outcome.error}`);
  return { ...run, points: [], error: outcome.error };
}

async function runAll(options: BenchOptions): Promise<Results> {
  const names = available(options.systems);
  const results: Results = {
    startedAt: new Date().toISOString(),
    commit: describeCommit(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    machine: describeMachine(options.directory),
    systems: names
      .map(systemNamed)
      .map(({ name, title, transport, keeps, version }) => ({ name, title, transport, keeps, version: version() })),
    runs: [],
  };
  for (let round = 1; round <= options.rounds; round++) {
    for (const workload of options.workloads) {
      for (const name of names.filter((candidate) => applies(workload, systemNamed(candidate)))) {
        results.runs.push(await runOnce(name, workload, round, options));
      }
    }
  }
  return results;
}

function save(results: Results, file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(results, undefined, 1));
}

/** A run fails when Holdline loses, duplicates or reorders messages, fails or is missing, but never by its speed. */
function isSound(results: Results): boolean {
  const ours = results.runs.filter((run) => run.system.startsWith('holdline'));
  const mishaps = ours
    .flatMap((run) => run.points)
    .filter(({ lost = 0, doubled = 0, reordered = 0 }) => lost + doubled + reordered > 0);
  return ours.length > 0 && mishaps.length === 0 && !failures(results).some((run) => ours.includes(run));
}

function stop(): void {
  cleanUp();
  process.exit(130);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  if (args[0] === 'report') {
    const files = args.length > 1 ? args.slice(1) : [DEFAULT_RESULTS];
    writeReport(merge(files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Results)));
    return 0;
  }
  if (args[0] === 'scaling') return scaling(args.slice(1));
  const options = parseOptions(args);
  installPeers();
  const results = await runAll(options);
  save(results, options.json);
  printResults(results);
  return isSound(results) ? 0 : 1;
}

process.on('SIGINT', stop).on('SIGTERM', stop);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  cleanUp();
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
