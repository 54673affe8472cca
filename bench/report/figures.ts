import type { Results, RunResult } from '../results.ts';
import type { Point, WorkloadName } from '../workloads/workload.ts';

/** A figure over all rounds. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Picks one figure of a point; `undefined` where the point has none. */
export type Pick = (point: Point) => number | undefined;

export const cpu: Pick = (point) => point.cpuMsPer1000;
export const p50: Pick = (point) => point.latencyMs?.p50;
export const p90: Pick = (point) => point.latencyMs?.p90;
export const p99: Pick = (point) => point.latencyMs?.p99;
export const cpuPerCall: Pick = (point) => point.perCall?.cpuMs;
export const requestsPerCall: Pick = (point) => point.perCall?.requests;
export const lost: Pick = (point) => point.lost;
export const doubled: Pick = (point) => point.doubled;
export const reordered: Pick = (point) => point.reordered;

/** The figure of a system under a workload, over its rounds; `at` is the index of the point on the workload's axis. */
export function figure(
  results: Results,
  workload: WorkloadName,
  system: string,
  pick: Pick,
  at = 0,
): Spread | undefined {
  const values = pointsOf(results, workload, system, at).map(pick);
  return spread(values.filter((value): value is number => Number.isFinite(value)));
}

/** The sum over all rounds and points. For what must never happen, a median would hide failures. */
export function total(results: Results, workload: WorkloadName, system: string, pick: Pick): number {
  return runsOf(results, workload, system)
    .flatMap((run) => run.points)
    .reduce((sum, point) => sum + (pick(point) ?? 0), 0);
}

/** The points on the axis of a workload for which a system has figures. */
export function axis(results: Results, workload: WorkloadName): Point[] {
  return results.runs
    .filter((run) => run.workload === workload)
    .reduce<Point[]>((found, run) => (run.points.length > found.length ? run.points : found), []);
}

/** The systems that have figures for a workload, the cheapest message first. */
export function ranking(results: Results, workload: WorkloadName): string[] {
  const last = axis(results, workload).length - 1;
  const cost = (name: string) => figure(results, workload, name, cpu, last)?.median ?? Infinity;
  return results.systems
    .map(({ name }) => name)
    .filter((name) => pointsOf(results, workload, name, 0).length > 0)
    .sort((a, b) => cost(a) - cost(b));
}

export function failures(results: Results): RunResult[] {
  return results.runs.filter((run) => run.error !== undefined);
}

function pointsOf(results: Results, workload: WorkloadName, system: string, at: number): Point[] {
  return runsOf(results, workload, system).flatMap((run) => run.points[at] ?? []);
}

function runsOf(results: Results, workload: WorkloadName, system: string): RunResult[] {
  return results.runs.filter((run) => run.workload === workload && run.system === system);
}

function spread(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) return undefined;
  const half = sorted.length / 2;
  const median = ((sorted[Math.floor(half)] ?? min) + (sorted[Math.ceil(half) - 1] ?? min)) / 2;
  return { median, min, max };
}
