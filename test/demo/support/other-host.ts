import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onCleanUp } from '../../support/clean-up.ts';
import { NO_IDLE_TIMEOUT } from '../../support/no-idle-timeout.ts';

/** A web server of another origin with a copy of the demo that calls the service across origins. @returns its URL */
export async function hostDemoElsewhere(serviceUrl: string): Promise<string> {
  const server = createServer(NO_IDLE_TIMEOUT, (req, res) => void copy(serviceUrl, req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanUp(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function copy(serviceUrl: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const original = await fetch(new URL(req.url ?? '/', serviceUrl));
  const text = await original.text();
  const named = text.replace('name="holdline-service" content=""', `name="holdline-service" content="${serviceUrl}"`);
  res.writeHead(original.status, {
    'Content-Type': original.headers.get('content-type') ?? 'text/plain',
    'Content-Security-Policy': `default-src 'self'; img-src 'self' data:; connect-src ${serviceUrl} ${serviceUrl.replace('http', 'ws')}`,
  });
  res.end(named);
}
