import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below what the system gives to outgoing connections (`net.ipv4.ip_local_port_range`, 32768 on): a port that was merely free a moment
 * ago may by now be the near end of another test's connection.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** A port on which a program of another make can listen, over TCP and UDP. No other test process gets it while this one lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if ((await reserve(port)) && (await isFree(port))) return port;
  }
}

/**
 * An abstract Unix socket (unix(7)) named after the port: the system lets one process have it, and frees it with that process. Between
 * a look at the port itself and the start of a program, another test process would find the port free, too.
 */
async function reserve(port: number): Promise<boolean> {
  const name = createServer().unref().listen(`\0holdline-test-port-${port}`);
  return isListening(name);
}

async function isFree(port: number): Promise<boolean> {
  const opened = [createServer().listen(port, '127.0.0.1'), createSocket('udp4').bind(port, '127.0.0.1')];
  const areListening = await Promise.all(opened.map(isListening));
  for (const [index, one] of opened.entries()) if (areListening[index] === true) one.close();
  return areListening.every(Boolean);
}

async function isListening(opened: Server | Socket): Promise<boolean> {
  try {
    await once(opened, 'listening');
    return true;
  } catch {
    return false;
  }
}
