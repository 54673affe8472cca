import { parentPort, workerData } from 'node:worker_threads';
import { HttpClient, type Method } from '../load/http-client.ts';

/** One request, repeated in a worker thread. */
export interface Attack {
  readonly port: number;
  readonly method: Method;
  readonly path: string;
  /** Raw text, each line ending in CRLF. */
  readonly headers: string;
  readonly body?: string;
  readonly connections: number;
}

/** Responses by status. */
export type Outcome = Readonly<Record<string, number>>;

const { port, method, path, headers, body, connections } = workerData as Attack;
const http = new HttpClient(port);
const outcome: Record<string, number> = {};
let isOver = false;

/** Waits for each response: requests that do not wait would only queue up in the same socket. */
async function attack(): Promise<void> {
  while (!isOver) {
    const status = await http.request(method, path, headers, body).then(
      (reply) => String(reply.status),
      () => 'no response',
    );
    outcome[status] = (outcome[status] ?? 0) + 1;
  }
}

parentPort?.once('message', () => (isOver = true));
await Promise.all(Array.from({ length: connections }, attack));
http.close();
parentPort?.postMessage(outcome);
