import { fileURLToPath } from 'node:url';
import type { Daemon } from './daemon.ts';
import { firstBytes, type Namespace } from './namespace.ts';
import type { HttpRoute } from './http-route.ts';

const PROCESS = fileURLToPath(new URL('web-socket-process.ts', import.meta.url));

export async function startWebSocketServer(machine: Namespace, port: number): Promise<Daemon> {
  const daemon = machine.start([process.execPath, PROCESS, String(port)]);
  await daemon.untilPrinted(/^listening$/m);
  return daemon;
}

/** The status of a WebSocket handshake. After 101, bytes have passed in both directions. */
export async function openWebSocket(route: HttpRoute): Promise<number> {
  const connection = await route.open();
  const { host } = new URL(route.url);
  const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  connection.write(`GET ${route.target('/')} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('\r\n')}\r\n${key}\r\n\r\n`);
  const head = await firstBytes(connection);
  const status = Number(head.toString('latin1').split(' ')[1]);
  if (status === 101) {
    connection.write('a frame');
    await firstBytes(connection);
  }
  connection.destroy();
  return status;
}
