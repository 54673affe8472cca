import { Agent, request, type OutgoingHttpHeaders } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

/** One request, sent again and again. */
export interface Attack {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
  readonly connections: number;
}

/** How often each status was answered. */
export type Outcome = Readonly<Record<string, number>>;

const { url, method, path, headers, body, connections } = workerData as Attack;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const outcome: Record<string, number> = {};
let isOver = false;

function send(): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(`${url}${path}`, { method, headers, agent }, (answer) => {
      answer.resume().once('end', () => resolve(String(answer.statusCode)));
    });
    sent.once('error', () => resolve('no answer')).end(body);
  });
}

/** As fast as answers come: a flood by one who waits for nobody only queues up before the same socket. */
async function connection(): Promise<void> {
  while (!isOver) {
    const status = await send();
    outcome[status] = (outcome[status] ?? 0) + 1;
  }
}

parentPort?.once('message', () => (isOver = true));
await Promise.all(Array.from({ length: connections }, connection));
agent.destroy();
parentPort?.postMessage(outcome);
