import type { Results } from '../results.ts';
import { MEMBERS_STAY, type Point, type WorkloadName } from '../workloads/workload.ts';
import {
  axis,
  cpu,
  cpuPerCall,
  doubled,
  figure,
  lost,
  p50,
  p99,
  reordered,
  requestsPerCall,
  total,
  type Pick,
} from './figures.ts';

/** A performance target, and the figure of this run. */
export interface Target {
  what: string;
  limit: number;
  measured: number | undefined;
  unit: string;
}

const SUBJECT = 'holdline';
const BY_SOCKET = 'holdline-socket';

/** The targets of the project, with medians of one run and default settings. */
export function targets(results: Results): Target[] {
  return [
    { what: '`calls`: CPU against the floor', limit: 1.3, measured: ratio(results, 'calls', 'floor', cpu), unit: 'x' },
    {
      what: '`calls`: CPU against engine.io',
      limit: 1,
      measured: ratio(results, 'calls', 'engine.io', cpu),
      unit: 'x',
    },
    { what: '`calls`: lost, doubled or reordered', limit: 0, measured: mishaps(results), unit: '' },
    {
      what: '`client`: CPU per call against engine.io',
      limit: 1.2,
      measured: ratio(results, 'client', 'engine.io', cpuPerCall),
      unit: 'x',
    },
    {
      what: '`client`: requests per call',
      limit: 14,
      measured: figure(results, 'client', SUBJECT, requestsPerCall)?.median,
      unit: '',
    },
    { what: '`paced`: p50 against the floor', limit: 2.5, measured: ratio(results, 'paced', 'floor', p50), unit: 'x' },
    {
      what: '`paced`: p99 against engine.io',
      limit: 1.3,
      measured: ratio(results, 'paced', 'engine.io', p99),
      unit: 'x',
    },
    { what: '`held`: memory per poll against the floor', limit: 1.15, measured: heldRatio(results, bytes), unit: 'x' },
    { what: '`held`: idle CPU against the floor', limit: 1, measured: heldRatio(results, idle), unit: 'x' },
    ...socketTargets(results),
    { what: '`depth`: highest CPU against the lowest', limit: 1.2, measured: steepness(results, 'depth'), unit: 'x' },
    { what: '`growth`: highest CPU against the lowest', limit: 1.2, measured: steepness(results, 'growth'), unit: 'x' },
    { what: '`flood`: added p99 latency of others, flood', limit: 10, measured: disturbance(results, 1), unit: ' ms' },
    { what: '`flood`: added p99 latency of others, expiry', limit: 10, measured: disturbance(results, 2), unit: ' ms' },
  ];
}

function socketTargets(results: Results): Target[] {
  const callsOfStaying = (point: Point) => (point.label === MEMBERS_STAY ? cpuPerCall(point) : undefined);
  return [
    {
      what: '`calls`: CPU by socket against polls',
      limit: 0.8,
      measured: ratio(results, 'calls', SUBJECT, cpu, { of: BY_SOCKET }),
      unit: 'x',
    },
    {
      what: '`client`: CPU per call of members who stay, by socket against polls',
      limit: 0.8,
      measured: ratio(results, 'client', SUBJECT, callsOfStaying, { of: BY_SOCKET, at: lastOf(results, 'client') }),
      unit: 'x',
    },
    {
      what: '`held`: memory per socket against bare ws',
      limit: 1.3,
      measured: heldRatio(results, bytes, { of: BY_SOCKET, to: 'ws' }),
      unit: 'x',
    },
    {
      what: '`held`: idle CPU of sockets against polls of the floor',
      limit: 0.5,
      measured: heldRatio(results, idle, { of: BY_SOCKET }),
      unit: 'x',
    },
  ];
}

function ratio(
  results: Results,
  workload: WorkloadName,
  to: string,
  pick: Pick,
  { of = SUBJECT, at = 0 } = {},
): number | undefined {
  const [one, other] = [of, to].map((name) => figure(results, workload, name, pick, at));
  // In a short run the floor's idle CPU is 0, so there is no ratio.
  return one === undefined || other === undefined || other.median === 0 ? undefined : one.median / other.median;
}

function mishaps(results: Results): number | undefined {
  if (figure(results, 'calls', SUBJECT, lost) === undefined) return undefined;
  return [lost, doubled, reordered].reduce((sum, pick) => sum + total(results, 'calls', SUBJECT, pick), 0);
}

const bytes: Pick = (point) => point.marginalBytesPerPoll;
const idle: Pick = (point) => point.idleCpuMsPerSecond;

function heldRatio(results: Results, pick: Pick, { of = SUBJECT, to = 'floor' } = {}): number | undefined {
  return ratio(results, 'held', to, pick, { of, at: lastOf(results, 'held') });
}

const lastOf = (results: Results, workload: WorkloadName): number => axis(results, workload).length - 1;

/** The highest CPU per message on the axis of a workload against the lowest. */
export function steepness(results: Results, workload: WorkloadName, system = SUBJECT): number | undefined {
  const costs = axis(results, workload).flatMap((_, at) => figure(results, workload, system, cpu, at)?.median ?? []);
  return costs.length < 2 ? undefined : Math.max(...costs) / Math.min(...costs);
}

function disturbance(results: Results, at: number): number | undefined {
  const [before, during] = [figure(results, 'flood', SUBJECT, p99), figure(results, 'flood', SUBJECT, p99, at)];
  return before === undefined || during === undefined ? undefined : during.median - before.median;
}
