import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { SoakServer } from './server.ts';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface Asked {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Closes the connections that are kept for further requests. */
export const hangUp = (): void => agent.destroy();

export function start(
  server: SoakServer,
  method: string,
  path: string,
  { token, body, headers }: Asked,
): ClientRequest {
  const sent = request({
    ...{ host: '127.0.0.1', port: server.port, method, path, agent },
    headers: {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  return sent.end(body === undefined ? undefined : JSON.stringify(body));
}

export async function ask(server: SoakServer, method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const [reply] = (await once(start(server, method, path, asked), 'response')) as [IncomingMessage];
  const body = await text(reply);
  return { status: reply.statusCode ?? 0, body: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) };
}

/** As clients do: the same request again while the server is away or says that a retry helps. */
export async function insist(server: SoakServer, method: string, path: string, asked: Asked = {}): Promise<Answer> {
  for (;;) {
    const answer = await ask(server, method, path, asked).catch(() => undefined);
    if (answer !== undefined && answer.body.retryable !== true) return answer;
    await pause(100);
  }
}
