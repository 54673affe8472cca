import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below what the system gives to outgoing connections (`net.ipv4.ip_local_port_range`, 32768 on): a port that was merely free a moment
 * ago may by now be the near end of another test's connection.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** A port on which a program of another make can listen, over TCP and UDP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    const isFree =
      (await listens(createServer().listen(port, '127.0.0.1'))) &&
      (await listens(createSocket('udp4').bind(port, '127.0.0.1')));
    if (isFree) return port;
  }
}

async function listens(opened: Server | Socket): Promise<boolean> {
  try {
    await once(opened, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    opened.close();
  }
}
