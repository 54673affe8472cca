/** A run of one system and one workload, in a process of its own. Prints its result as JSON. */
import { HttpClient } from './load/http-client.ts';
import { ProcessTree } from './measure/process-tree.ts';
import { BenchServer } from './measure/server.ts';
import { systemNamed } from './systems/index.ts';
import { workloads } from './workloads/index.ts';
import type { Point, Sizes, WorkloadName } from './workloads/workload.ts';

export interface RunOrder {
  system: string;
  workload: WorkloadName;
  sizes: Sizes;
  /** Directory for the server's files; removed by the process that ordered the run. */
  directory: string;
}

async function run({ system: name, workload, sizes, directory }: RunOrder): Promise<Point[]> {
  const system = systemNamed(name);
  const running = await BenchServer.start(system, directory);
  const http = new HttpClient(running.port);
  try {
    return await workloads[workload]({ system, http, server: new ProcessTree(running.pid), sizes });
  } finally {
    http.close();
    await running.stop();
  }
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as RunOrder)));
