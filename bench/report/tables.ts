import type { Results } from '../results.ts';
import { WORKLOADS, type Point, type WorkloadName } from '../workloads/workload.ts';
import {
  axis,
  cpu,
  cpuPerCall,
  doubled,
  failures,
  figure,
  lost,
  p50,
  p90,
  p99,
  ranking,
  reordered,
  requestsPerCall,
  total,
  type Pick,
  type Spread,
} from './figures.ts';
import { steepness, targets, type Target } from './targets.ts';

export type Table = string[][];

/** The figures of each workload of the run: a line per system, and per point of the workload's axis. */
export function workloadTables(results: Results): { workload: WorkloadName; table: Table }[] {
  return WORKLOADS.filter((workload) => ranking(results, workload).length > 0).map((workload) => ({
    workload,
    table: tableOf(results, workload),
  }));
}

function tableOf(results: Results, workload: WorkloadName): Table {
  if (workload === 'held') return heldTable(results);
  if (workload === 'flood') return floodTable(results);
  if (workload === 'client') return clientTable(results);
  return workload === 'depth' || workload === 'growth' ? axisTable(results, workload) : costTable(results, workload);
}

export function targetsTable(results: Results): Table {
  const known = targets(results).filter((target) => target.measured !== undefined);
  return [['target', 'at most', 'measured', ''], ...known.map(targetRow)];
}

function targetRow({ what, limit, measured = Number.NaN, unit }: Target): string[] {
  return [what, `${limit}${unit}`, `${short(measured)}${unit}`, measured <= limit ? 'met' : '**missed**'];
}

const SYSTEM_COLUMNS = ['system', 'reads by'];
const COST_COLUMNS = ['CPU ms / 1,000', 'x floor', 'x engine.io', 'p50 ms', 'p90 ms', 'p99 ms', 'requests / message'];
const MISHAPS = 'lost / doubled / reordered';

function costTable(results: Results, workload: WorkloadName): Table {
  const rows = ranking(results, workload).map((name) => {
    const of = (pick: Pick) => figure(results, workload, name, pick);
    const against = (other: string) => times(of(cpu), figure(results, workload, other, cpu));
    return [
      ...[...systemCells(results, name), withRange(of(cpu)), against('floor'), against('engine.io')],
      ...[withRange(of(p50)), withRange(of(p90)), withRange(of(p99))],
      ...[cell(of((point) => point.requestsPerMessage)), mishaps(results, workload, name)],
    ];
  });
  return [[...SYSTEM_COLUMNS, ...COST_COLUMNS, MISHAPS], ...rows];
}

/** Tabulates the cost of a message along the axis of a workload. */
function axisTable(results: Results, workload: WorkloadName): Table {
  const points = axis(results, workload);
  const last = points.length - 1;
  const rows = ranking(results, workload).map((name) => [
    ...systemCells(results, name),
    ...points.map((_, at) => withRange(figure(results, workload, name, cpu, at))),
    steepness(results, workload, name)?.toFixed(2) ?? '',
    ...[p50, p99].map((pick) => withRange(figure(results, workload, name, pick, last))),
    mishaps(results, workload, name),
  ]);
  const [first = '', ...others] = points.map(pointTitle);
  const costs = [`CPU ms / 1,000 at ${first}`, ...others.map((title) => `at ${title}`)];
  return [
    [...SYSTEM_COLUMNS, ...costs, 'highest / lowest', 'p50 ms at the last', 'p99 ms at the last', MISHAPS],
    ...rows,
  ];
}

/** Sums up lost, duplicated and reordered messages over the whole axis of the workload. */
function mishaps(results: Results, workload: WorkloadName, name: string): string {
  return [lost, doubled, reordered].map((pick) => total(results, workload, name, pick)).join(' / ');
}

function heldTable(results: Results): Table {
  const points = axis(results, 'held');
  const last = points.length - 1;
  const head = [
    ...SYSTEM_COLUMNS,
    ...points.map((point) => `KB each at ${pointTitle(point)}`),
    ...['KB per further one', 'quiet CPU ms / s', 'idle CPU ms / s', ...COST_COLUMNS.slice(0, 2), 'p50 ms', 'p99 ms'],
  ];
  const rows = ranking(results, 'held').map((name) => {
    const of = (pick: Pick, at = last) => figure(results, 'held', name, pick, at);
    return [
      ...systemCells(results, name),
      ...points.map((_, at) => cell(of((point) => kilobytes(point.bytesPerPoll), at))),
      withRange(of((point) => kilobytes(point.marginalBytesPerPoll))),
      ...[cell(of((point) => point.quietCpuMsPerSecond)), withRange(of((point) => point.idleCpuMsPerSecond))],
      ...[withRange(of(cpu)), times(of(cpu), figure(results, 'held', 'floor', cpu, last))],
      ...[withRange(of(p50)), withRange(of(p99))],
    ];
  });
  return [head, ...rows];
}

/** The figures of a call: its messages share requests. */
function clientTable(results: Results): Table {
  const rows = axis(results, 'client').flatMap((point, at) =>
    ranking(results, 'client').map((name) => {
      const of = (pick: Pick) => figure(results, 'client', name, pick, at);
      const against = (other: string) => times(of(cpuPerCall), figure(results, 'client', other, cpuPerCall, at));
      return [
        ...[...systemCells(results, name), pointTitle(point), withRange(of(cpuPerCall)), against('floor')],
        ...[against('engine.io'), cell(of(requestsPerCall))],
        ...[withRange(of((one) => one.perCall?.setupMs.p50)), withRange(of((one) => one.perCall?.setupMs.p99))],
        mishaps(results, 'client', name),
      ];
    }),
  );
  const costs = ['CPU ms / call', 'x floor', 'x engine.io', 'requests / call', 'setup p50 ms', 'setup p99 ms'];
  return [[...SYSTEM_COLUMNS, 'calls', ...costs, MISHAPS], ...rows];
}

/** Latency only: the CPU time includes the flood and the expiry, which are not messages counted here. */
function floodTable(results: Results): Table {
  const points = axis(results, 'flood');
  const rows = ranking(results, 'flood').flatMap((name) =>
    points.map((point, at) => [
      ...[...systemCells(results, name), pointTitle(point)],
      ...[p50, p90, p99].map((pick) => withRange(figure(results, 'flood', name, pick, at))),
      mishaps(results, 'flood', name),
    ]),
  );
  return [[...SYSTEM_COLUMNS, 'meanwhile', 'p50 ms', 'p90 ms', 'p99 ms', MISHAPS], ...rows];
}

function kilobytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / 1024;
}

function pointTitle({ at, label }: Point): string {
  return label ?? (at ?? 0).toLocaleString('en');
}

function systemCells(results: Results, name: string): string[] {
  const { title = name, transport = '' } = results.systems.find((system) => system.name === name) ?? {};
  return [title, transport];
}

function times(one: Spread | undefined, other: Spread | undefined): string {
  return one === undefined || other === undefined ? '' : short(one.median / other.median);
}

function cell(spread: Spread | undefined): string {
  return spread === undefined ? '' : short(spread.median);
}

function withRange(spread: Spread | undefined): string {
  if (spread === undefined) return '';
  const { median, min, max } = spread;
  return min === max ? short(median) : `${short(median)} (${short(min)} to ${short(max)})`;
}

/** Three digits: the clock is right to a few percent. */
export function short(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The tables as plain text. */
export function printResults(results: Results): void {
  for (const { workload, table } of workloadTables(results)) console.log(`\n${workload}\n${aligned(table)}`);
  console.log(`\n${aligned(targetsTable(results)).replaceAll('`', '').replaceAll('**', '')}`);
  for (const { system, workload, round, error } of failures(results)) {
    console.log(`!!! FAILED round ${round} ${workload} ${system}: ${error ?? ''}`);
  }
}

function aligned(table: Table): string {
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}
