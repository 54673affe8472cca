import { HttpClient } from '../load/http-client.ts';
import { ProcessTree } from '../measure/process-tree.ts';
import { BenchServer } from '../measure/server.ts';
import { holdlineFull, holdlineOnRedis } from '../systems/holdline.ts';
import type { System } from '../systems/system.ts';
import type { Bench } from '../workloads/workload.ts';
import { Redis } from './redis.ts';
import type { Keeping, ScalingOrder } from './results.ts';

const ARGUMENTS: Record<Exclude<Keeping, 'sqlite'>, readonly string[]> = {
  aof: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  'aof-always': ['--appendonly', 'yes', '--appendfsync', 'always'],
  'aof-replica': ['--appendonly', 'yes', '--appendfsync', 'everysec', '--repl-diskless-sync-delay', '0'],
  none: ['--appendonly', 'no'],
};

export interface Setup {
  readonly bench: Bench;
  readonly redis: Redis | undefined;
}

/** Starts processes of Holdline on one store. Each request goes to the next process. */
export async function withProcesses<T>(order: ScalingOrder, use: (setup: Setup) => Promise<T>): Promise<T> {
  const { keeping, directory, sizes } = order;
  const stops: (() => Promise<void>)[] = [];
  try {
    const redis = keeping === 'sqlite' ? undefined : await Redis.start(directory, ARGUMENTS[keeping]);
    if (redis !== undefined) stops.unshift(() => redis.stop());
    if (redis !== undefined && keeping === 'aof-replica') {
      const args = [...ARGUMENTS.aof, '--replicaof', `127.0.0.1 ${redis.port}`];
      const replica = await Redis.start(directory, args);
      stops.unshift(() => replica.stop());
      await redis.replicated();
    }
    const system = redis === undefined ? holdlineFull : holdlineOnRedis(urlOf(redis, keeping));
    const servers = await startAll(system, order, stops);
    const http = new HttpClient(...servers.map(({ port }) => port));
    stops.unshift(async () => http.close());
    const server = new ProcessTree(...servers.map(({ pid }) => pid));
    return await use({ bench: { system, http, server, sizes }, redis });
  } finally {
    for (const stop of stops) await stop();
  }
}

async function startAll(system: System, { processes, directory }: ScalingOrder, stops: (() => Promise<void>)[]) {
  const servers: BenchServer[] = [];
  for (let started = 0; started < processes; started++) {
    const server = await BenchServer.start(system, directory);
    stops.unshift(() => server.stop());
    servers.push(server);
  }
  return servers;
}

function urlOf(redis: Redis, keeping: Keeping): string {
  return `redis://127.0.0.1:${redis.port}${keeping === 'aof-replica' ? '?replicas=1' : ''}`;
}
