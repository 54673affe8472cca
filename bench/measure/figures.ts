import type { HttpClient } from '../load/http-client.ts';
import { Tally } from '../load/tally.ts';
import type { ProcessTree } from './process-tree.ts';

/** The results of a measured load. */
export interface Figures {
  delivered: number;
  lost: number;
  doubled: number;
  reordered: number;
  /** Sends in flight together that arrived in another order than they started. This is allowed. */
  overtaken: number;
  seconds: number;
  /** The main figure: user and system time of the server's processes per 1,000 delivered messages. */
  cpuMsPer1000: number;
  requestsPerMessage: number;
  latencyMs: Percentiles;
  /** Absent if the load has no calls. */
  perCall?: PerCall;
  /** Shares of one core. A generator near 1 is the bottleneck. */
  serverBusy: number;
  generatorBusy: number;
}

/** Per call that connected, joining and leaving included. */
interface PerCall {
  requests: number;
  cpuMs: number;
  /** From the start of the call until both sides have all messages. */
  setupMs: Percentiles;
}

export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

export async function measure(
  server: ProcessTree,
  http: HttpClient,
  load: (tally: Tally) => Promise<void>,
): Promise<Figures> {
  const tally = new Tally();
  const before = readCounters(server, http);
  await load(tally);
  const after = readCounters(server, http);
  const elapsedMs = after.atMs - before.atMs;
  const serverMs = after.serverMs - before.serverMs;
  const requests = after.requests - before.requests;
  const { delivered, lost, doubled, reordered, overtaken, setupsMs } = tally;
  const calls = setupsMs.length;
  return {
    ...{ delivered, lost, doubled, reordered, overtaken },
    seconds: elapsedMs / 1000,
    cpuMsPer1000: (serverMs / delivered) * 1000,
    requestsPerMessage: requests / delivered,
    latencyMs: percentiles(tally.latenciesMs),
    ...(calls > 0 && {
      perCall: { requests: requests / calls, cpuMs: serverMs / calls, setupMs: percentiles(setupsMs) },
    }),
    serverBusy: serverMs / elapsedMs,
    generatorBusy: (after.generatorMs - before.generatorMs) / elapsedMs,
  };
}

export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

function readCounters(server: ProcessTree, http: HttpClient) {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    serverMs: server.cpuMs(),
    requests: http.requests,
    generatorMs: (user + system) / 1000,
  };
}
